import ExampleRemote
import RPMsgTransferBus
import WireTypes

// Sends a megabyte to firmware that returns it, over buffers of 512 bytes.
let remote = try ExampleRemote()
defer { try? remote.shutdown() }
guard let channel = try await remote.channel(WireName("rpmsg-large")), let bus = remote.bus else {
  fatalError("the image has no service rpmsg-large")
}
let large = try LargeMessageChannel(opening: channel, on: bus)

let message = (0..<1 << 20).map { _ in UInt8.random(in: 0...255) }
let clock = ContinuousClock()
let sent = try await clock.measure {
  try await large.sendLarge(message, within: .seconds(10))
}
for await answer in large.messages {
  print(
    "1 MiB delivered in \(sent), and", answer == message ? "returned whole" : "came back changed")
  break
}

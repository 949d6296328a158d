import ExampleRemote
import RPMsgServiceBus
import SampleServices

// Subscribes to a sensor in firmware: ten samples a second, twenty of them.
let remote = try ExampleRemote()
defer { try? remote.shutdown() }
guard let channel = try await remote.channel(SensorService.name) else {
  fatalError("the image has no service \(SensorService.name)")
}
let client = try RPMsgServiceClient<SensorService>(opening: channel)
_ = try await client.call(.subscribe(intervalInMicroseconds: 100_000), within: .seconds(1))

var count = 0
for await event in client.events {
  let sample = event.value
  print("sample \(sample.number) at \(sample.time) us: \(sample[0])", terminator: "")
  print(event.missedCount > 0 ? ", \(event.missedCount) missing before it" : "")
  count += 1
  if count == 20 { break }
}
_ = try await client.call(.unsubscribe, within: .seconds(1))

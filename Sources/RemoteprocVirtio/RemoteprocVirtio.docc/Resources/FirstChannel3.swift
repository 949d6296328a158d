import Boards
import Foundation
import PlatformSimulator
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import WireTypes

/// Opens each channel of one name, and hands over its messages.
struct Opener: RPMsgServiceDriver {
  let channelName = WireName("rpmsg-echo")
  let opened: AsyncStream<RPMsgMessageStream>.Continuation

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    opened.yield(try channel.openStream())
  }
}

let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))

// Two threads serve everything: the simulated core, and what it tells us.
let pool = WorkerPool(name: "remote", threadCount: 2)
let inbox = NotificationDispatcher(pool: pool).makeInbox()
inbox.setEventHandler { event in print(event) }

let board = try Board.named("virt-rv32")
var processor = RemoteProcessor(
  platform: try SimulatorPlatform(board: board, inbox: inbox, pool: pool))

let (channels, opened) = AsyncStream.makeStream(of: RPMsgMessageStream.self)
let messages = RPMsgSubdevice(inbox: inbox) { event in print(event) }
messages.register(Opener(opened: opened))
try processor.add(messages)

try processor.boot(try ELFFirmware(parsing: image))
for await stream in channels {
  for text in ["hello", "remote", "world"] {
    try stream.endpoint.send(Array(text.utf8).span.bytes)
  }
  var count = 0
  for await message in stream {
    print(String(decoding: message.payload, as: UTF8.self))
    count += 1
    if count == 3 { break }
  }
  break
}
try processor.shutdown()

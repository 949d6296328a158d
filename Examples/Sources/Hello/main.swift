import Boards
import Foundation
import PlatformSimulator
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import WireTypes

/// Says hello on each channel `rpmsg-echo` that firmware announces.
struct Greeter: RPMsgServiceDriver {
  let channelName = WireName("rpmsg-echo")

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) {
    let endpoint = try channel.open { _, header, payload in
      print("answer: \(payload.byteCount) bytes from \(header.source)")
    }
    let text = Array("hello".utf8)
    try endpoint.trySend(text.span.bytes)
  }

  func remove(_ channel: RPMsgChannel) {}
}

let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
let pool = WorkerPool(name: "remote", threadCount: 2)
let inbox = NotificationDispatcher(pool: pool).makeInbox()
inbox.setEventHandler { event in print(event) }  // crash, exit, console

// A processor on a simulated board; the same code takes any other platform.
var processor = RemoteProcessor(
  platform: try SimulatorPlatform(board: try Board.named("virt-rv32"), inbox: inbox, pool: pool))

// Message buses drive the virtio devices that the firmware asks for, at each of its starts.
let messages = RPMsgSubdevice(inbox: inbox) { event in print(event) }
messages.register(Greeter())
try processor.add(messages)
try processor.boot(try ELFFirmware(parsing: image))
defer { try? processor.shutdown() }

Thread.sleep(forTimeInterval: 0.1)

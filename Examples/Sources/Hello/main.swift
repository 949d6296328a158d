import Boards
import Foundation
import PlatformSimulator
import RPMsgBus
import Remoteproc
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
try processor.boot(try ELFFirmware(parsing: image))
defer { try? processor.shutdown() }

// The message bus drives the virtio device that the firmware asked for.
guard let device = processor.devices.first?.device else { exit(1) }
let bus = try RPMsgHostBus(binding: device, doorbell: processor.doorbell) { event in print(event) }
defer { bus.close() }
bus.register(Greeter())
let token = inbox.addHandler { id in _ = bus.notified(id) }
defer { inbox.removeHandler(token) }

Thread.sleep(forTimeInterval: 0.1)

import Boards
import Foundation
import PlatformSimulator
public import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
public import WireTypes

/// Firmware on the simulated board `virt-rv32`, with its message bus.
///
/// What the example `Hello` does step by step; the services are the point of these.
public final class ExampleRemote {
  private var processor: RemoteProcessor<SimulatorPlatform>
  private let messages: RPMsgSubdevice

  /// Boots the image of the file whose path is the program's first argument.
  public init() throws {
    guard CommandLine.arguments.count > 1 else {
      print("usage: \(CommandLine.arguments[0]) IMAGE")
      exit(64)
    }
    let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
    let pool = WorkerPool(name: "remote", threadCount: 2)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    processor = RemoteProcessor(
      platform: try SimulatorPlatform(
        board: try Board.named("virt-rv32"), inbox: inbox, pool: pool))
    messages = RPMsgSubdevice(inbox: inbox)
    try processor.add(messages)
    try processor.boot(try ELFFirmware(parsing: image))
  }

  /// The bus of the firmware's rpmsg device.
  public var bus: RPMsgHostBus? { messages.buses.first }

  /// The channel of a service, once the firmware has announced it; `nil` after five seconds.
  public func channel(_ name: WireName) async throws -> RPMsgChannel? {
    for _ in 0..<500 {
      if let channel = bus?.channels.first(where: { $0.name == name }) { return channel }
      try await Task.sleep(for: .milliseconds(10))
    }
    return nil
  }

  /// Stops the processor.
  public func shutdown() throws { try processor.shutdown() }
}

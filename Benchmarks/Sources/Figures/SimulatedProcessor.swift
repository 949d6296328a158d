import Boards
import Foundation
import PlatformSimulator
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling

/// A processor on `virt-rv32` with a controller, as an application has it.
struct SimulatedProcessor {
  let controller: ProcessorController<SimulatorPlatform>
  let messages: RPMsgSubdevice

  init(
    name: String, image: ELFFirmware, board: Board, dispatcher: NotificationDispatcher,
    cores: WorkerPool, control: WorkerPool, recovery: RecoveryPolicy = RecoveryPolicy()
  ) throws {
    let inbox = dispatcher.makeInbox()
    messages = RPMsgSubdevice(inbox: inbox)
    controller = ProcessorController(
      name: name, platform: try SimulatorPlatform(board: board, inbox: inbox, pool: cores),
      inbox: inbox, pool: control, provider: FixedFirmware(image),
      options: ControlOptions(recovery: recovery))
  }

  /// Adds the buses; once, before the first boot.
  func connect() async throws {
    let messages = messages
    try await controller.withProcessor { (processor) throws(RemoteprocError) in
      try processor.add(messages)
    }
  }

  /// A shipped image.
  static func image(_ name: String) throws -> ELFFirmware {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Sources/RprocCommands/Images/\(name).elf")
    return try ELFFirmware(parsing: [UInt8](Data(contentsOf: path)))
  }
}

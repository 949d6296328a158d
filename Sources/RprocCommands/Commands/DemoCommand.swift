import ArgumentParser
import Boards
import FirmwareFiles
import Remoteproc

/// `rproc demo`: the shipped sample firmware, from boot to stop.
struct DemoCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Boots the sample firmware and exchanges 100 messages with it.",
    discussion: """
      The firmware runs on a simulated RISC-V core, announces a channel, answers
      "hello world!" 100 times, writes its log, says goodbye and exits.

      EXAMPLES
        rproc demo
        rproc demo --json
      """)

  @Flag(help: "One JSON object for each event.")
  var json = false

  var wantsJSON: Bool { json }

  /// Messages that the sample exchanges.
  private static let messageCount = 100

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let board = try BoardChoice("virt-rv32").board
    let image = try LoadedImage(
      ImageFile(path: "sample-client.elf", bytes: PackageResources.sample_client_elf))
    var options = RunOptions(board: board)
    options.timeout = .seconds(30)
    options.expectedMessageCount = UInt64(Self.messageCount)
    options.format = json ? .json : .human(seriesStart: 3, last: Self.messageCount)
    var task = RunTask(image, options, context)
    let maker = SessionMaker(board: board, services: ServiceChoice.standard)
    return try maker.perform(&task, symbolsFrom: image.firmware.elfFile)
  }
}

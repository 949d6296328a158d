import ArgumentParser
import Boards
import FirmwareFiles
import Remoteproc
import Scheduling

/// `rproc check`: every rule that a boot would fail or warn about, without booting.
struct CheckCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Tells what is wrong with an image, without booting it.",
    discussion: """
      Applies every rule of a boot and some more, and shows all findings with the
      bytes concerned and what to change. Ends with 65 if a boot would fail.

      EXAMPLES
        rproc check firmware.elf
        rproc check firmware.elf --board my-board.yaml
        rproc check firmware.elf --compat linux        as Linux 6.1 has it
        rproc check table.bin --table                  a resource table alone
        rproc check firmware.elf --json                one object for each finding
      """)

  @OptionGroup var image: ImageArguments

  @Option(help: ArgumentHelp("A built-in board, or a YAML file.", valueName: "name|file"))
  var board = "virt-rv32"

  @Option(help: ArgumentHelp("What is accepted: default or linux.", valueName: "profile"))
  var compat = ProfileArgument.default

  @Option(
    help: ArgumentHelp(
      "How an ELF file that may lie anywhere is moved: loader, self or none.", valueName: "who"))
  var relocation: RelocationArgument?

  @Flag(help: "The file is a resource table, not an image.")
  var table = false

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  @Flag(help: "One JSON object for each finding, and a summary.")
  var json = false

  var wantsJSON: Bool { json }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let board = try BoardChoice(board).board
    let file = try image.read(context)
    let options = BootOptions(
      profile: compat.profile, tableVersion: tableVersion?.version,
      relocation: relocation?.relocation)
    if table {
      let bare = BareTable(bytes: file.bytes)
      let task = CheckTask(bytes: file.bytes, image: bare, elf: nil, options: options)
      return try run(task, file, board, context)
    }
    let firmware: FirmwareImage
    do throws(RemoteprocError) {
      firmware = try FirmwareImage(parsing: file.bytes, image.options)
    } catch {
      switch error {
      case .imageOptionMissing, .imageOptionUnused:
        throw Failure(error, about: file.path, status: .refused)
      default: break
      }
      show([UnreadableImage.finding(error, bytes: file.bytes)], omitted: 0, file, board, context)
      return .refused
    }
    let task = CheckTask(
      bytes: file.bytes, image: firmware, elf: firmware.elfFile, options: options)
    return try run(task, file, board, context)
  }

  private func run<Image: FirmwareFormat>(
    _ task: CheckTask<Image>, _ file: ImageFile, _ board: Board, _ context: CommandContext
  ) throws -> CommandStatus {
    var task = task
    let status = try SessionMaker(board: board, services: []).perform(&task, symbolsFrom: nil)
    show(task.findings, omitted: task.omittedCount, file, board, context)
    return status
  }

  private func show(
    _ findings: [Finding], omitted: Int, _ file: ImageFile, _ board: Board,
    _ context: CommandContext
  ) {
    let output = CheckOutput(
      image: file.name, board: board.name, profile: compat.rawValue, findings: findings,
      omittedCount: omitted)
    guard json else {
      for line in output.lines(context.outputPalette) { context.output.line(line) }
      return
    }
    let nanoseconds = MonotonicTime.now.nanoseconds - context.start.nanoseconds
    for object in output.json(seconds: Double(nanoseconds) / 1e9) {
      context.output.line(object.text)
    }
  }
}

import ArgumentParser
import Boards
import FirmwareFiles
import Remoteproc

/// `rproc views`: the text files by which Linux shows a processor.
struct ViewsCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "views",
    abstract: "Boots an image and prints what Linux's text files would show.",
    discussion: """
      The files are those of sysfs and debugfs. They are read a moment after the
      boot, when the firmware had time to write its log.

      EXAMPLES
        rproc views fw.elf                             every file
        rproc views fw.elf sysfs/state debugfs/trace0  some of them
        rproc views fw.elf debugfs/resource_table --json
      """)

  @OptionGroup var image: ImageArguments

  @Argument(help: ArgumentHelp("What to print; all of it by default.", valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("A built-in board, or a YAML file.", valueName: "name|file"))
  var board = "virt-rv32"

  @Option(help: ArgumentHelp("How long the firmware runs before that.", valueName: "seconds"))
  var wait = 0.2

  @Flag(help: "One JSON object for each file.")
  var json = false

  @Option(help: ArgumentHelp("What is accepted: default or linux.", valueName: "profile"))
  var compat = ProfileArgument.default

  @Option(
    help: ArgumentHelp(
      "How an ELF file that may lie anywhere is moved: loader, self or none.", valueName: "who"))
  var relocation: RelocationArgument?

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  var wantsJSON: Bool { json }

  func validate() throws {
    guard wait >= 0, wait <= 1e6 else {
      throw ValidationError("--wait is a number of seconds, at most 1e6")
    }
    for file in files where ViewFile(file) == nil {
      let known = ViewFile.fixed.map(\.description).joined(separator: ", ")
      throw ValidationError(
        "no file \(SafeText.escaped(file, limit: 80)); there are \(known), debugfs/traceN")
    }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let board = try BoardChoice(board).board
    let loaded = try image.load(context, for: board)
    var task = ViewsTask(
      loaded,
      ViewsTask.Options(
        boardName: board.name, files: files.compactMap { ViewFile($0) }, wait: .seconds(wait),
        boot: BootOptions(
          profile: compat.profile, tableVersion: tableVersion?.version,
          relocation: relocation?.relocation), json: json),
      context)
    var maker = SessionMaker(board: board, services: ServiceChoice.standard)
    maker.program = loaded.file.path
    return try maker.perform(
      &task, symbolsFrom: loaded.firmware.elfFile)
  }
}

import ArgumentParser
import Boards
import FirmwareFiles
import RPMsg
import RPMsgBus
import Remoteproc

/// `rproc ping`: messages to a channel that returns them, each checked.
struct PingCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping",
    abstract: "Sends messages to an echoing channel and checks every byte.",
    discussion: """
      Prints how many came back, the latency and the rate. Ends with 70 if any was
      lost or wrong.

      EXAMPLES
        rproc ping echo.elf
        rproc ping echo.elf --count 100000 --size 64
        rproc ping echo.elf --window 16          throughput rather than latency
      """)

  @OptionGroup var image: ImageArguments

  @Option(help: "Messages to send.")
  var count = 1000

  @Option(help: "Bytes of payload of each message.")
  var size = 64

  @Option(help: "The channel that returns messages.")
  var channel = "rpmsg-echo"

  @Option(help: "Messages under way at a time.")
  var window = 1

  @Option(help: ArgumentHelp("A built-in board, or a YAML file.", valueName: "name|file"))
  var board = "virt-rv32"

  @Option(
    help: ArgumentHelp("How long the channel may take to appear.", valueName: "seconds"))
  var timeout = 5.0

  @Option(help: ArgumentHelp("What is accepted: default or linux.", valueName: "profile"))
  var compat = ProfileArgument.default

  @Option(help: PeerProfileArgument.help, transform: PeerProfileArgument.profile)
  var profile = RPMsgProfile.standard

  @Option(
    help: ArgumentHelp(
      "How an ELF file that may lie anywhere is moved: loader, self or none.", valueName: "who"))
  var relocation: RelocationArgument?

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  @Flag(help: "One JSON object for each event.")
  var json = false

  var wantsJSON: Bool { json }

  func validate() throws {
    guard (1...1_000_000_000).contains(count) else {
      throw ValidationError("--count is 1 to 1000000000")
    }
    guard (0...65_535).contains(size) else { throw ValidationError("--size is 0 to 65535") }
    guard (1...4096).contains(window) else { throw ValidationError("--window is 1 to 4096") }
    guard (1...31).contains(channel.utf8.count) else {
      throw ValidationError("--channel is a name of 1 to 31 bytes")
    }
    guard timeout > 0, timeout <= 1e9 else {
      throw ValidationError("--timeout is a number of seconds above 0, at most 1e9")
    }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let board = try BoardChoice(board).board
    let loaded = try image.load(context, for: board)
    var ping = PingOptions()
    ping.messageCount = count
    ping.byteCount = size
    ping.window = window
    let options = PingTask.Options(
      boardName: board.name, channel: channel, ping: ping, channelTimeout: .seconds(timeout),
      boot: BootOptions(
        profile: compat.profile, tableVersion: tableVersion?.version,
        relocation: relocation?.relocation), json: json)
    var task = PingTask(loaded, options, context)
    var maker = SessionMaker(board: board, services: [])
    maker.bus.profile = profile
    maker.program = loaded.file.path
    return try maker.perform(
      &task, symbolsFrom: loaded.firmware.elfFile)
  }
}

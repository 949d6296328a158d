import ArgumentParser
import FirmwareFiles
import Foundation
import RPMsg
import RPMsgBus
import Remoteproc

/// `rproc run`: boots an image and shows what it does.
struct RunCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Boots an image and shows what it does.",
    discussion: """
      Runs until the firmware exits or crashes (see --recovery), until --timeout,
      or until Ctrl-C;
      then stops the processor.

      EXAMPLES
        rproc run fw.elf
        rproc run fw.elf --until-exit --timeout 10    end with the firmware's code
        rproc run fw.elf --service my-channel=print   show what the firmware says
        rproc run fw.elf --send rpmsg-echo=hello      say something, show answers
        rproc run fw.elf --trace > log.txt            the firmware's log alone
        rproc run fw.elf --trace-file log.txt         the same beside all else
        rproc run fw.elf --json --timeout 2           events for programs
        rproc run fw.elf --coredump dumps/            memory of crashes, for gdb
        rproc run fw.elf --pty my-tty=/tmp/remote     a channel as a serial port
        rproc run fw.elf --socket my-rpc=/tmp/rpc     one message in each packet
        echo hello | rproc run fw.elf --stdio rpmsg-echo
        rproc run fw.elf --report --board null --compat linux
        rproc run fw.bin --load-address 0x80000000    a raw binary
      """)

  @OptionGroup var image: ImageArguments

  @Option(help: ArgumentHelp("A built-in board, or a YAML file.", valueName: "name|file"))
  var board = "virt-rv32"

  @Option(
    help: ArgumentHelp("Stop after this time, and end with 75.", valueName: "seconds"))
  var timeout: Double?

  @Flag(help: "End with the firmware's exit code if it is 0 to 63, else with 70.")
  var untilExit = false

  @Flag(help: "Only the trace buffers' text on standard output, all else on standard error.")
  var trace = false

  @Option(
    help: ArgumentHelp(
      "Write trace lines to this file too; when half the budget is full it becomes FILE.1.",
      valueName: "file"),
    completion: .file())
  var traceFile: String?

  @Option(
    help: ArgumentHelp(
      "What the trace files may take together; at least 16 KiB.", valueName: "bytes"))
  var traceBudget = TraceFile.standardBudget

  @Flag(
    help: "Let a boot loader start the image, and attach to it as a host that comes later.")
  var attach = false

  @Flag(help: "Only the console's text on standard output, all else on standard error.")
  var console = false

  @Option(
    name: .customLong("service"),
    help: ArgumentHelp(
      "Serve channels of this name: echo, print or sample. May be repeated.",
      valueName: "name=handler"))
  var services: [String] = []

  @Option(
    name: .customLong("send"),
    help: ArgumentHelp(
      "Send this text on channels of this name, and show what comes. May be repeated.",
      valueName: "name=text"))
  var sends: [String] = []

  @OptionGroup(title: "Bridges") var bridges: BridgeArguments

  @Option(
    help: ArgumentHelp(
      "Start again after a crash: on (with back-off, 10 times a minute at most), once, or off.",
      valueName: "mode"))
  var recovery = RecoveryArgument.off

  @Option(
    help: ArgumentHelp(
      "Write the memory of a crashed remote to a new file, or to a folder that keeps 10.",
      valueName: "file|folder"), completion: .file())
  var coredump: String?

  @Option(
    help: ArgumentHelp(
      "How a dump is laid out: elf (with notes), linux, or sections.", valueName: "form"))
  var coredumpForm = CoredumpFormArgument.elf

  @Flag(help: "One JSON object for each event.")
  var json = false

  @Flag(help: "Boot, print one JSON report, stop.")
  var report = false

  @Option(help: ArgumentHelp("What is accepted: default or linux.", valueName: "profile"))
  var compat = ProfileArgument.default

  @Option(help: PeerProfileArgument.help, transform: PeerProfileArgument.profile)
  var profile = RPMsgProfile.standard

  @Option(
    help: ArgumentHelp(
      "How an ELF file that may lie anywhere is moved: loader, self or none. Without it one that "
        + "is position-independent is moved by the loader.", valueName: "who"))
  var relocation: RelocationArgument?

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  var wantsJSON: Bool { json && !report }

  func validate() throws {
    if let timeout, !(timeout > 0 && timeout <= 1e9) {
      throw ValidationError("--timeout is a number of seconds above 0, at most 1e9")
    }
    for service in services where ServiceChoice(service) == nil {
      throw ValidationError(
        "--service takes NAME=HANDLER with a name of 1 to 31 bytes and one of echo, print, sample")
    }
    if json && (trace || console) {
      throw ValidationError("--json shows all events; it does not go with --trace or --console")
    }
    guard traceBudget >= TraceFile.smallestBudget else {
      throw ValidationError("--trace-budget is at least \(TraceFile.smallestBudget) bytes")
    }
    if report && (attach || traceFile != nil) {
      throw ValidationError("--report goes with neither --attach nor --trace-file")
    }
    let names = services.compactMap { ServiceChoice($0)?.name }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw ValidationError("--service names \(SafeText.escaped(name)) twice")
    }
    try validateBridges()
    for send in sends where ServiceChoice(sending: send) == nil {
      throw ValidationError("--send takes NAME=TEXT with a name of 1 to 31 bytes")
    }
  }

  private func validateBridges() throws {
    if bridges.stream != nil && (json || trace || console || report) {
      throw ValidationError(
        "--stdio needs standard output for itself; it does not go with --json, --trace, --console "
          + "or --report")
    }
    let chosen = bridges.choices.map(\.name)
    let served =
      services.compactMap { ServiceChoice($0)?.name }
      + sends.compactMap { ServiceChoice(sending: $0)?.name }
    for (index, name) in chosen.enumerated()
    where chosen[..<index].contains(name) || served.contains(name) {
      throw ValidationError("channel \(SafeText.escaped(name)) is given to two options")
    }
  }

  /// What the user wants to be said comes first, so that it is not left to another driver.
  private var chosenServices: [ServiceChoice] {
    var said: [ServiceChoice] = []
    for choice in sends.compactMap({ ServiceChoice(sending: $0) }) {
      if let index = said.firstIndex(where: { $0.name == choice.name }) {
        said[index].texts += choice.texts
      } else {
        said.append(choice)
      }
    }
    let served = services.compactMap { ServiceChoice($0) }
    return said + (services.isEmpty ? ServiceChoice.standard : served)
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let board = try BoardChoice(board).board
    let boot = BootOptions(
      profile: compat.profile, tableVersion: tableVersion?.version,
      relocation: relocation?.relocation)
    if report { return try ReportCommand(image: image, board: board, boot).execute(context) }
    let loaded = try image.load(context, for: board)
    var options = RunOptions(board: board)
    options.timeout = timeout.map(Duration.seconds)
    options.untilExit = untilExit
    options.boot = boot
    options.recovery.mode = recovery.mode
    options.traceFile = traceFile.map { ($0, traceBudget) }
    options.services = chosenServices
    if let coredump {
      options.coredump = try CoredumpChoice(path: coredump, form: coredumpForm.form).policy
    }
    options.format =
      json
      ? .json
      : trace || console || bridges.stream != nil
        ? .plain(trace: trace, console: console) : .everything
    var task = RunTask(loaded, options, context)
    var maker = SessionMaker(board: board, services: options.services)
    maker.bus.profile = profile
    maker.program = loaded.file.path
    maker.bridges = bridges.choices
    if attach { maker.preloaded = loaded.firmware }
    return try maker.perform(&task, symbolsFrom: loaded.firmware.elfFile)
  }
}

/// The profiles by the names that users give.
enum ProfileArgument: String, CaseIterable, ExpressibleByArgument {
  case `default`
  case linux

  /// The profile.
  var profile: CompatibilityProfile { self == .linux ? .linux : .default }
}

/// The modes of recovery by the names that users give.
enum RecoveryArgument: String, CaseIterable, ExpressibleByArgument {
  case on
  case once
  case off

  /// The mode.
  var mode: RecoveryPolicy.Mode {
    switch self {
    case .on: .enabled
    case .once: .once
    case .off: .disabled
    }
  }
}

import FirmwareFiles
import Remoteproc
import Scheduling

/// Boots an image, lets it run for a while, prints views of the processor, and stops it.
struct ViewsTask: SessionTask {
  /// What is shown, and when.
  struct Options {
    /// The board's name, which is the processor's.
    var boardName: String
    /// The files; empty: all.
    var files: [ViewFile]
    /// How long the firmware runs before.
    var wait: Duration
    /// What the boot accepts.
    var boot: BootOptions
    /// Whether each file is a JSON object.
    var json: Bool
  }

  private let image: LoadedImage
  private let options: Options
  private let context: CommandContext

  init(_ image: LoadedImage, _ options: Options, _ context: CommandContext) {
    self.image = image
    self.options = options
    self.context = context
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    let hub = session.hub
    try session.start(image.firmware, path: image.file.path, options: options.boot)
    let crash = waitForFirmware(hub)
    if crash != nil { session.noteCrash() }
    let view = ProcessorView(
      session.processor,
      ViewSettings(
        name: options.boardName, firmwareName: image.file.name, recovers: false,
        crashCount: crash == nil ? 0 : 1))
    let result = show(view, hub.log.now)
    if let failure = session.stop() { throw failure }
    if let crash {
      context.report(crash, of: image.file.path)
      return .remoteFailed
    }
    if context.isInterrupted { return .interrupted }
    return try result.get()
  }

  /// Lets the firmware run; its crash, if it did.
  private func waitForFirmware(_ hub: SessionHub) -> CrashEvent? {
    let deadline = MonotonicTime.now.advanced(by: options.wait)
    while true {
      let isOver = MonotonicTime.now >= deadline || context.isInterrupted || context.isUnread
      let poll = MonotonicTime.now.advanced(by: .milliseconds(20))
      let records = isOver ? hub.log.take() : hub.log.wait(until: min(poll, deadline))
      for record in records {
        switch record.event {
        case .crash(let crash): return crash
        case .exit: return nil
        default: break
        }
      }
      if isOver { return nil }
    }
  }

  private func show(
    _ view: ProcessorView, _ nanoseconds: UInt64
  ) -> Result<CommandStatus, Failure> {
    for file in options.files.isEmpty ? view.files : options.files {
      guard let bytes = view.contents(of: file) else {
        return .failure(
          Failure(
            kind: "Views.noSuchFile",
            message: "\(image.file.path.escapedPath): the firmware has no \(file)",
            status: .usage))
      }
      if options.json {
        context.output.line(Self.object(file, bytes, nanoseconds).text)
      } else {
        show(file, bytes)
      }
    }
    return .success(.done)
  }

  private func show(_ file: ViewFile, _ bytes: [UInt8]) {
    let hasTitle = options.files.count != 1
    if hasTitle { context.output.line(context.outputPalette.paint("\(file)", .accent)) }
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    // The last line has its end, or there is none.
    if lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines {
      // The tabs in front of fields are Linux's.
      let tabs = line.prefix { $0 == 0x09 }.count
      let text =
        String(repeating: "\t", count: tabs) + SafeText.escaped(bytes: line[...].dropFirst(tabs))
      context.output.line(hasTitle && !text.isEmpty ? "  " + text : text)
    }
  }

  private static func object(
    _ file: ViewFile, _ bytes: [UInt8], _ nanoseconds: UInt64
  ) -> JSONValue {
    .object([
      JSONValue.Field("event", .string("view")),
      JSONValue.Field("t", .decimal(Double(nanoseconds) / 1e9, places: 6)),
      JSONValue.Field("file", .string(file.description)),
      JSONValue.Field("text", .string(String(decoding: bytes, as: UTF8.self))),
    ])
  }
}

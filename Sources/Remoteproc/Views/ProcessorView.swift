/// A processor as the text files of Linux show it.
///
/// Taken at one moment; the texts of the table and of the traces are those of the moment they are
/// asked for, as the remote may be writing. Every text is bounded, whatever the remote has written,
/// and is bytes: what firmware gives as a name stands in it as it is, up to its first NUL. A
/// terminal needs it escaped.
///
/// Source: [LINUX-6.1] remoteproc, its sysfs and debugfs files; `debugfs/state` is of 3.x.
public struct ProcessorView: Sendable {
  /// Where the processor was.
  public let state: ProcessorState
  /// What its owner has decided.
  public let settings: ViewSettings
  private let carveouts: [Carveout]
  private let traces: [TraceBuffer]
  private let table: PublishedTable?

  /// Looks at `processor`.
  public init<Platform: PlatformDriver & ~Copyable>(
    _ processor: borrowing RemoteProcessor<Platform>, _ settings: ViewSettings
  ) {
    state = processor.state
    self.settings = settings
    carveouts = processor.carveouts
    traces = processor.traces
    table = processor.table
  }

  /// The files that are there, in the order of their names.
  public var files: [ViewFile] {
    ViewFile.fixed + traces.indices.map { ViewFile.debugfs(.trace($0)) }
  }

  /// What the file holds; `nil` when there is no such file.
  public func contents(of file: ViewFile) -> [UInt8]? {
    switch file {
    case .sysfs(let file): contents(of: file)
    case .debugfs(let file): contents(of: file)
    }
  }

  private func contents(of file: ViewFile.SysfsFile) -> [UInt8] {
    switch file {
    case .coredump: Self.line(settings.coredump.rawValue)
    // Nobody knows what somebody else has started.
    case .firmware: Self.line(state == .attached ? "unknown" : settings.firmwareName)
    case .name: Self.line(settings.name)
    case .recovery: Self.line(recovery)
    case .state: Self.line(state.description)
    }
  }

  private func contents(of file: ViewFile.DebugfsFile) -> [UInt8]? {
    switch file {
    case .carveoutMemories: CarveoutText(carveouts).bytes
    case .coredump: Self.line(settings.coredump.rawValue)
    case .crash: Self.line(String(settings.crashCount))
    case .name: settings.name.utf8.prefix(98) + [0x0a]
    case .recovery: Self.line(recovery)
    case .resourceTable: TableText.bytes(of: table)
    case .state: Self.line("\(state) (\(state.number))")
    case .trace(let index):
      traces.indices.contains(index) ? Self.text(of: traces[index]) : nil
    }
  }

  /// The text of `resource_table` for any bytes, such as a table in a file.
  public static func resourceTableText(of table: [UInt8]) -> [UInt8] { TableText(table).bytes }

  private var recovery: String { settings.recovers ? "enabled" : "disabled" }

  // Linux keeps no name of a trace; hence two spaces.
  private static func text(of trace: TraceBuffer) -> [UInt8] {
    trace.isAvailable ? trace.contents() : line("Trace  not available")
  }

  /// A sysfs file has one page.
  private static func line(_ text: String) -> [UInt8] { text.utf8.prefix(4094) + [0x0a] }
}

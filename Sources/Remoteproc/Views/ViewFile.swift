/// A file by which Linux shows a processor, or lets it be controlled.
public enum ViewFile: Hashable, Sendable {
  /// In `/sys/class/remoteproc/remoteprocN`.
  case sysfs(SysfsFile)
  /// In `/sys/kernel/debug/remoteproc/remoteprocN`.
  case debugfs(DebugfsFile)

  /// The files of a processor in the class directory.
  public enum SysfsFile: String, CaseIterable, Hashable, Sendable {
    /// Whether crashed processors are dumped: reads and writes `disabled`, `enabled`, `inline`.
    case coredump
    /// The name of the firmware; may be written while offline.
    case firmware
    /// The name of the processor.
    case name
    /// Whether crashed processors start again: reads and writes `enabled`, `disabled`; a written
    /// `recover` starts a crashed one once.
    case recovery
    /// Where the processor is in its life; takes `start`, `stop`, `detach`.
    case state
  }

  /// The files of a processor among those for debugging.
  public enum DebugfsFile: Hashable, Sendable {
    /// All memory with a name.
    case carveoutMemories
    /// As ``SysfsFile/coredump``.
    case coredump
    /// A number that is written here is the kind of a crash that is then reported. Here it also
    /// reads, as the number of crashes so far; on Linux it does not.
    case crash
    /// The name of the processor, cut to 98 bytes.
    case name
    /// As ``SysfsFile/recovery``.
    case recovery
    /// The resource table as it is now.
    case resourceTable
    /// The state with its number, as kernels of the seed's time had it: `running (2)`.
    case state
    /// The text in trace buffer N, up to its first NUL.
    case trace(Int)
  }
}

extension ViewFile: CustomStringConvertible {
  /// The path, such as `debugfs/trace0`.
  public var description: String {
    switch self {
    case .sysfs(let file): "sysfs/\(file.rawValue)"
    case .debugfs(let file): "debugfs/\(file.name)"
    }
  }

  /// The file with this path, or `nil`.
  public init?(_ path: String) {
    guard let separator = path.firstIndex(of: "/") else { return nil }
    let name = String(path[path.index(after: separator)...])
    switch path[..<separator] {
    case "sysfs":
      guard let file = SysfsFile(rawValue: name) else { return nil }
      self = .sysfs(file)
    case "debugfs":
      guard let file = DebugfsFile(name: name) else { return nil }
      self = .debugfs(file)
    default: return nil
    }
  }

  /// All files but the traces, which depend on the firmware.
  public static let fixed: [ViewFile] =
    SysfsFile.allCases.map(ViewFile.sysfs) + DebugfsFile.fixed.map(ViewFile.debugfs)
}

extension ViewFile.DebugfsFile {
  static let fixed: [Self] = [
    .carveoutMemories, .coredump, .crash, .name, .recovery, .resourceTable, .state,
  ]

  /// The name of the file.
  public var name: String {
    switch self {
    case .carveoutMemories: "carveout_memories"
    case .coredump: "coredump"
    case .crash: "crash"
    case .name: "name"
    case .recovery: "recovery"
    case .resourceTable: "resource_table"
    case .state: "state"
    case .trace(let index): "trace\(index)"
    }
  }

  init?(name: String) {
    if let file = Self.fixed.first(where: { $0.name == name }) {
      self = file
      return
    }
    guard name.hasPrefix("trace"), let index = Int(name.dropFirst(5)), index >= 0,
      Self.trace(index).name == name
    else { return nil }
    self = .trace(index)
  }
}

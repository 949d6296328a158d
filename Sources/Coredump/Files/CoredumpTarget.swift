/// Where a dump is to go.
public enum CoredumpTarget: Sendable {
  /// A new file in a folder, where the oldest make room.
  case folder(CoredumpFolder)
  /// A new file with this path.
  case file(path: String)
  /// A pipe or socket that the caller keeps open.
  case stream(Int32)

  /// Opens the target and lets `writer` write to it.
  ///
  /// - Returns: what was written, and the path if it is a file.
  /// - Throws: ``CoredumpError``.
  public func write(
    _ writer: borrowing some CoredumpSource & ~Copyable
  ) throws(CoredumpError) -> (report: CoredumpReport, path: String?) {
    switch self {
    case .folder(let folder):
      return try folder.write { sink throws(CoredumpError) in try writer.write(to: &sink) }
    case .file(let path):
      let report = try NewCoredumpFile.write(path: path) { sink throws(CoredumpError) in
        try writer.write(to: &sink)
      }
      return (report, path)
    case .stream(let stream):
      var sink = CoredumpStreamSink(stream: stream)
      return (try writer.write(to: &sink), nil)
    }
  }
}

extension CoredumpTarget: Equatable {
  /// Whether both are the same folder, the same path, or the same descriptor.
  public static func == (lhs: CoredumpTarget, rhs: CoredumpTarget) -> Bool {
    switch (lhs, rhs) {
    case (.folder(let one), .folder(let other)): one === other
    case (.file(let one), .file(let other)): one == other
    case (.stream(let one), .stream(let other)): one == other
    default: false
    }
  }
}

/// Something that can write a dump to any sink.
public protocol CoredumpSource: ~Copyable {
  /// Writes the whole dump.
  ///
  /// - Throws: ``CoredumpError``.
  borrowing func write(
    to sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) -> CoredumpReport
}

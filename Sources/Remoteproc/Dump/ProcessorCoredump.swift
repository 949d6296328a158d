public import Coredump
import SharedMemory

/// A dump of a processor that is yet to be written: everything but the bytes of its memory.
///
/// The bytes are read when it is written, as they are then; so that has to happen before the
/// processor is stopped for good or started again.
public struct ProcessorCoredump: CoredumpSource {
  /// Where everything lies in the file.
  public let layout: CoredumpLayout
  /// How long ``write(to:)`` may take.
  public let timeLimit: Duration
  private let windows: [SharedWindow?]

  init(_ layout: CoredumpLayout, windows: [SharedWindow?], timeLimit: Duration) {
    self.layout = layout
    self.windows = windows
    self.timeLimit = timeLimit
  }

  /// Writes the dump.
  ///
  /// - Throws: `CoredumpError`.
  public func write(
    to sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) -> CoredumpReport {
    var memory = WindowMemory(windows: windows)
    return try CoredumpWriter.write(layout, from: &memory, to: &sink, timeLimit: timeLimit)
  }

  /// The bytes of windows.
  private struct WindowMemory: CoredumpMemory {
    let windows: [SharedWindow?]

    mutating func read(
      segment: Int, at offset: UInt64, into target: inout MutableRawSpan
    ) -> Bool {
      guard let window = windows[segment] else { return false }
      // A segment has the bytes of its window, so the offset fits.
      window.sample(from: Int(offset), into: &target)
      return true
    }

    mutating func nextData(segment: Int, from offset: UInt64) -> UInt64? {
      guard let window = windows[segment] else { return offset }
      let next = window.nextWritten(from: Int(offset))
      return next < window.byteCount ? UInt64(next) : nil
    }
  }
}

import Remoteproc
import Scheduling
import SharedMemory
import WireTypes

/// Turns what firmware writes to its trace buffers and its console into events.
///
/// Any thread may call.
final class TextFollower: Sendable {
  private struct Source {
    var name: String
    var reader: TraceReader?
    var rate: ByteRate
    var lines = LineSplitter()
  }

  private struct State {
    var console = LineSplitter()
    var traces: [Source] = []
    var lastLook = MonotonicTime(nanoseconds: 0)
    var lastLines: [String] = []
    var byteCount = 0
  }

  /// Trace lines that a crash is told with.
  private static var lastLineLimit: Int { 10 }

  private let state = Guarded(State())
  private let log: EventLog
  private let rate: ByteRate

  /// Adds to `log`, of each trace no more than `rate` lets pass.
  init(log: EventLog, rate: ByteRate = .trace) {
    self.log = log
    self.rate = rate
  }

  /// Follows `traces` of a new run from their start.
  func follow(_ traces: [TraceBuffer]) {
    state.withLock { state in
      state.lastLines = []
      state.traces = traces.filter(\.isAvailable).map { trace in
        Source(name: trace.name.description, reader: TraceReader(trace), rate: rate)
      }
      state.byteCount = traces.reduce(0) { sum, trace in
        sum + min(trace.window?.byteCount ?? 0, TraceBuffer.maximumByteCount)
      }
    }
  }

  /// How long the text may stay unread while nothing else happens; large buffers take time to
  /// read.
  var pollInterval: Duration {
    state.withLock { $0.byteCount > 1 << 16 ? .milliseconds(250) : .milliseconds(40) }
  }

  /// Looks for new trace text, unless that was done a moment ago.
  func lookOften() {
    let now = MonotonicTime.now
    let isDue = state.withLock { state in
      let gap: Duration = state.byteCount > 1 << 16 ? .milliseconds(250) : .milliseconds(1)
      return state.byteCount > 0 && now.since(state.lastLook) >= gap
    }
    if isDue { look() }
  }

  /// Looks for new trace text, and gives up waiting for the end of a line that stays unfinished.
  func lookAndSettle() {
    look()
    state.withLock { state in
      if let line = state.console.settle() { log.add(.console(text: line)) }
      for index in state.traces.indices {
        if let line = state.traces[index].lines.settle() { add(line, index, &state) }
      }
    }
  }

  /// Takes everything that is there, finished or not.
  func lookForTheLastTime() {
    look()
    state.withLock { state in
      if let line = state.console.finish() { log.add(.console(text: line)) }
      for index in state.traces.indices {
        if let line = state.traces[index].lines.finish() { add(line, index, &state) }
      }
    }
  }

  /// Lets go of the trace buffers' memory.
  func release() { state.withLock { $0.traces = [] } }

  /// Takes bytes that the firmware wrote to its console.
  func console(_ bytes: [UInt8]) {
    state.withLock { state in
      for line in state.console.add(bytes) { log.add(.console(text: line)) }
    }
  }

  /// The last lines of the trace buffers, oldest first.
  var lastLines: [String] { state.withLock { $0.lastLines } }

  private func look() {
    state.withLock { state in
      for index in state.traces.indices {
        guard let new = state.traces[index].reader?.readNew() else { continue }
        let bytes = new.prefix(state.traces[index].rate.take(new.count, at: .now))
        if bytes.count < new.count {
          let byteCount = UInt64(new.count - bytes.count)
          log.add(.skipped(buffer: state.traces[index].name, byteCount: byteCount))
        }
        for line in state.traces[index].lines.add(Array(bytes)) { add(line, index, &state) }
      }
      state.lastLook = .now
    }
  }

  private func add(_ line: String, _ index: Int, _ state: inout State) {
    log.add(.trace(buffer: state.traces[index].name, text: line))
    state.lastLines.append(line)
    if state.lastLines.count > Self.lastLineLimit { state.lastLines.removeFirst() }
  }
}

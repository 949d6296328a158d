import Scheduling
import SharedMemory
import Synchronization
import WireTypes

/// What a core that restarts by itself starts from: the contents of its flash, so to say.
struct RestartPlan: Sendable {
  /// Consecutive pages of one region that held something.
  private struct Piece: Sendable {
    let window: SharedWindow
    let bytes: [UInt8]
  }

  private static let pageByteCount = 4096
  /// Bytes of one piece at most, so that no copy needs much memory in one go.
  private static let pieceByteCount = 256 << 10

  let bootAddress: DeviceAddress
  let delayInNanoseconds: UInt64
  private let pieces: [Piece]

  /// Copies the pages of `memory` that hold something.
  init(bootAddress: DeviceAddress, delay: Duration, memory: [SimulatedChip.Memory]) {
    self.bootAddress = bootAddress
    let parts = delay.components
    delayInNanoseconds =
      UInt64(clamping: parts.seconds) &* 1_000_000_000
      &+ UInt64(clamping: parts.attoseconds / 1_000_000_000)
    pieces = memory.flatMap { Self.pieces(of: $0.window) }
  }

  private static func pieces(of window: SharedWindow) -> [Piece] {
    var pieces: [Piece] = []
    var start = 0
    while let found = window.nextPopulatedRange(from: start) {
      start = found.lowerBound
      let count = min(pieceByteCount, found.count)
      let bytes = copy(of: window, from: start, count)
      pieces += runs(in: bytes).compactMap { run in
        window.window(at: UInt64(start + run.lowerBound), byteCount: UInt64(run.count))
          .map { Piece(window: $0, bytes: Array(bytes[run])) }
      }
      start += count
    }
    return pieces
  }

  /// Ranges of whole pages with a byte other than 0 in each.
  private static func runs(in bytes: [UInt8]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for start in stride(from: 0, to: bytes.count, by: pageByteCount) {
      let page = start..<min(start + pageByteCount, bytes.count)
      guard bytes[page].contains(where: { $0 != 0 }) else { continue }
      if let last = runs.last, last.upperBound == start {
        runs[runs.count - 1] = last.lowerBound..<page.upperBound
      } else {
        runs.append(page)
      }
    }
    return runs
  }

  private static func copy(
    of window: SharedWindow, from start: Int, _ count: Int
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    window.copyOut(from: start, into: &raw)
    return bytes
  }

  /// Puts everything back to where it was.
  func restoreMemory() {
    for piece in pieces {
      // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
      unsafe piece.window.copyIn(piece.bytes.span.bytes, at: 0)
    }
  }
}

extension CoreState {
  /// Starts the core anew from what was loaded; without effect on one that is not to restart.
  mutating func restartNow() {
    guard case .restarting = phase, let restart else { return }
    restart.restoreMemory()
    start(at: restart.bootAddress, clock: clock.restarted)
    counters.restarts.wrappingAdd(1, ordering: .relaxed)
    counters.noteChange()
  }
}

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
    runs(in: window).compactMap { run in
      window.window(at: UInt64(run.lowerBound), byteCount: UInt64(run.count))
        .map { Piece(window: $0, bytes: copy(of: $0)) }
    }
  }

  /// Ranges of whole pages with a byte other than 0 in each.
  private static func runs(in window: SharedWindow) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var next = 0
    while let found = window.nextPopulatedRange(from: next) {
      next = found.upperBound
      for start in stride(from: found.lowerBound, to: found.upperBound, by: pageByteCount) {
        let page = start..<min(start + pageByteCount, found.upperBound)
        guard !isZero(page, in: window) else { continue }
        if let last = runs.last, last.upperBound == start {
          runs[runs.count - 1] = last.lowerBound..<page.upperBound
        } else {
          runs.append(page)
        }
      }
    }
    return runs
  }

  /// RAM is made of whole pages, so a page is made of whole words.
  private static func isZero(_ page: Range<Int>, in window: SharedWindow) -> Bool {
    for offset in stride(from: page.lowerBound, to: page.upperBound, by: 8)
    where window.loadUInt64(at: offset) != 0 {
      return false
    }
    return true
  }

  private static func copy(of window: SharedWindow) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: window.byteCount)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    window.copyOut(from: 0, into: &raw)
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

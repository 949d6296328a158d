import Foundation
import Synchronization

/// A file descriptor that text goes to, such as standard output.
///
/// One thread at a time writes. When nobody reads any more, or the disk is full, later text is
/// dropped and ``failure`` tells why.
package final class OutputFile: Sendable {
  private let descriptor: Int32
  private let firstErrno = Atomic<Int32>(0)
  private let interruptsBefore = Interrupts.seen

  /// Whether the descriptor is a terminal.
  package let isTerminal: Bool

  /// Writes to `descriptor`, which the caller keeps open.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
  }

  /// The `errno` of the first write that failed, or `nil`.
  package var failure: Int32? {
    let code = firstErrno.load(ordering: .relaxed)
    return code == 0 ? nil : code
  }

  /// Whether nobody can ever read what is written: the other end of the pipe is closed.
  package var isAbandoned: Bool {
    var request = pollfd(fd: descriptor, events: 0, revents: 0)
    return unsafe poll(&request, 1, 0) > 0 && request.revents & Int16(POLLERR) != 0
  }

  /// Writes all of `text`, waiting while the reader is slow; once the user asked to stop, for a
  /// second at most.
  package func write(_ text: String) {
    guard failure == nil else { return }
    var text = text
    let code = text.withUTF8 { bytes in unsafe writeAll(UnsafeRawBufferPointer(bytes)) }
    if code != 0 { firstErrno.store(code, ordering: .relaxed) }
  }

  /// Writes `text` and a line end.
  package func line(_ text: String) { write(text + "\n") }

  // A pipe that has room for this much takes it at once.
  private static let chunkByteCount = 4096
  /// How long a reader may stand still after the user asked to stop, in milliseconds.
  private static let patienceAfterInterrupt = 1000
  private static let waitStep = 50

  private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      guard waitForRoom() else { return EINTR }
      let end = min(offset + Self.chunkByteCount, bytes.count)
      // SAFETY: `offset` is below `end`, which is at most the count: not empty, and inside.
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
      let count = unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        offset += count
      } else if errno != EINTR && errno != EAGAIN {
        return errno
      }
    }
    return 0
  }

  /// Waits for the reader; `false` when it stands still and the user wants to stop.
  private func waitForRoom() -> Bool {
    var patience = Self.patienceAfterInterrupt
    while patience > 0 {
      var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      let count = unsafe poll(&request, 1, Int32(Self.waitStep))
      // Errors show when something is written.
      if count > 0 || (count < 0 && errno != EINTR) { return true }
      if Interrupts.seen != interruptsBefore { patience -= Self.waitStep }
    }
    return false
  }
}

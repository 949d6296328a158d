import Foundation
import Synchronization

/// A file descriptor that text goes to, such as standard output.
///
/// One thread at a time writes. When nobody reads any more, or the disk is full, later text is
/// dropped and ``failure`` tells why.
package final class OutputFile: Sendable {
  private let descriptor: Int32
  private let firstErrno = Atomic<Int32>(0)

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

  /// Writes all of `text`, waiting while the reader is slow.
  package func write(_ text: String) {
    guard failure == nil else { return }
    var text = text
    let code = text.withUTF8 { bytes in unsafe writeAll(UnsafeRawBufferPointer(bytes)) }
    if code != 0 { firstErrno.store(code, ordering: .relaxed) }
  }

  /// Writes `text` and a line end.
  package func line(_ text: String) { write(text + "\n") }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      // SAFETY: `offset` is below the count, so the rest is not empty and inside.
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
      let count = unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        offset += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, 1000)
      default: return errno
      }
    }
    return 0
  }
}

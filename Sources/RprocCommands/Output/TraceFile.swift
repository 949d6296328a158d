import Foundation

/// A file that trace lines go to, and that never grows beyond a budget.
///
/// When half of the budget is written the file becomes `FILE.1`, in the place of an older one, and
/// a new one begins: the newest text is always there. One thread writes.
package final class TraceFile {
  /// Bytes that both files may take together.
  package static let standardBudget = 16 << 20
  /// The smallest budget: a few lines.
  package static let smallestBudget = 16 << 10

  private let path: String
  private let limit: Int
  private var descriptor: Int32
  private var byteCount = 0
  /// The `errno` of the first failure; later text is dropped.
  package private(set) var failure: Int32?
  /// Times that the file became `FILE.1`.
  package private(set) var rotationCount = 0

  /// Creates the file, or empties one that exists; symbolic links and what is no file are refused.
  ///
  /// - Throws: ``Failure`` with status 74.
  /// - Precondition: `budget >= smallestBudget`.
  package init(path: String, budget: Int) throws(Failure) {
    precondition(budget >= Self.smallestBudget, "a trace file holds a few lines")
    self.path = path
    limit = budget / 2
    descriptor = Self.open(path, O_TRUNC)
    guard descriptor >= 0 else { throw Self.failure(errno, path) }
    var information = stat()
    // Checked on what was opened. What is no file cannot be rotated.
    guard unsafe fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG
    else {
      close(descriptor)
      descriptor = -1
      throw Self.failure(EINVAL, path)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Adds a line of the firmware's text, escaped.
  package func add(_ text: String) {
    guard failure == nil else { return }
    let line = Array((SafeText.escaped(text) + "\n").utf8)
    if byteCount + line.count > limit { rotate() }
    write(line)
  }

  /// The failure as the command reports it.
  package var report: Failure? { failure.map { Self.failure($0, path) } }

  private func rotate() {
    close(descriptor)
    descriptor = -1
    guard unsafe rename(path, path + ".1") == 0 else {
      failure = errno
      return
    }
    // Somebody may have put something else there meanwhile.
    descriptor = Self.open(path, O_EXCL)
    guard descriptor >= 0 else {
      failure = errno
      return
    }
    byteCount = 0
    rotationCount += 1
  }

  private func write(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count, failure == nil {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        // SAFETY: `offset` is below the count: not empty, and inside.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
        return unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        offset += count
      } else if errno != EINTR {
        failure = errno
      }
    }
    byteCount += offset
  }

  // Without O_NONBLOCK a pipe would wait for a reader, before it could be refused.
  private static func open(_ path: String, _ flags: Int32) -> Int32 {
    unsafe Foundation.open(
      path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0o600)
  }

  private static func failure(_ code: Int32, _ path: String) -> Failure {
    let reason =
      switch code {
      case EINVAL: "not a regular file"
      case ELOOP: "a symbolic link"
      default: systemMessage(code)
      }
    return Failure(
      kind: "TraceFile.notWritten",
      message: "cannot write \(SafeText.escaped(path, limit: 400)): \(reason)",
      details: [JSONValue.Field("errno", .integer(Int64(code)))], status: .outputFailed)
  }
}

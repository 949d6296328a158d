import CLinux
import Glibc

/// A file descriptor that is closed with its owner.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  /// Takes over `number`; `nil` if that is negative, with the reason in `errno`.
  init?(owning number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { close(number) }
}

/// The system's words for `code`, with the number.
func systemMessage(_ code: Int32) -> String {
  // SAFETY: the result is a string of the C library that stays valid until this thread asks again.
  unsafe "\(String(cString: strerror(code))) (errno \(code))"
}

/// Something that makes `poll` return in another thread.
struct WakeSignal: ~Copyable, Sendable {
  private let reader: Descriptor
  private let writer: Descriptor

  init() throws(BridgeError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe rproc_pipe(&ends) == 0, let reader = Descriptor(owning: ends[0]),
      let writer = Descriptor(owning: ends[1])
    else { throw .system(.makeSignal, path: "", errno: errno) }
    self.reader = reader
    self.writer = writer
  }

  /// What to wait for.
  var descriptor: Int32 { reader.number }

  /// Makes the descriptor readable.
  func raise() {
    var byte: UInt8 = 1
    // A full pipe is readable already.
    _ = unsafe write(writer.number, &byte, 1)
  }

  /// Takes back what was raised so far.
  func clear() {
    var bytes: (UInt64, UInt64) = (0, 0)
    while unsafe read(reader.number, &bytes, 16) == 16 {}
  }
}

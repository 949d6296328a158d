import Glibc

/// Why a write to a file of a view was refused.
public enum ViewError: Error, Equatable, Sendable {
  /// There is no such file on this processor, or nothing can be written to it.
  case notWritable(ViewFile)
  /// The text is none that the file takes; the first 64 bytes of it.
  case invalid(ViewFile, text: [UInt8])
  /// The number is larger than 32 bits hold.
  case outOfRange(ViewFile)
  /// Not while the processor is in this state.
  case busy(ViewFile, ProcessorState)
  /// The processor could not do what was asked.
  case processor(RemoteprocError)

  /// The `errno` that the write gives on Linux, or the nearest; a positive number.
  public var errno: Int32 {
    switch self {
    case .notWritable: EACCES
    case .invalid: EINVAL
    case .outOfRange: ERANGE
    case .busy: EBUSY
    case .processor(let error): error.errno
    }
  }
}

extension ViewError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .notWritable(let file): "\(file) cannot be written"
    case .invalid(let file, let text): "\(file) does not take \"\(Self.escaped(text))\""
    case .outOfRange(let file): "\(file) takes numbers of 32 bits"
    case .busy(let file, let state): "\(file) cannot be written while \(state)"
    case .processor(let error): error.description
    }
  }

  private static func escaped(_ text: [UInt8]) -> String {
    text.map { byte in
      (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\\")
        ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}

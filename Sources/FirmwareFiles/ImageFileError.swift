import Glibc

/// Why a firmware file was not read.
public enum ImageFileError: Error, Equatable, Sendable {
  /// What was being done to the file.
  public enum Operation: String, Equatable, Sendable {
    /// Opening it, or the directory it is in.
    case open
    /// Asking for its size.
    case inspect
    /// Reading it.
    case read
  }

  /// What the path leads to instead of a regular file.
  public enum Kind: String, Equatable, Sendable {
    /// A directory.
    case directory
    /// A pipe with a name.
    case fifo
    /// A socket.
    case socket
    /// A device.
    case device
  }

  /// Why compressed bytes were not unpacked.
  public enum UnpackFault: Equatable, Sendable {
    /// They end before the compressed stream does.
    case truncated
    /// The library found them damaged; the code is the library's own.
    case corrupt(code: Int)
    /// They use what the library, or the limits here, do not support; the code is the library's.
    case unsupported(code: Int)
    /// `count` bytes follow the first compressed stream, from `offset` on.
    case trailingBytes(offset: Int, count: Int)
    /// The library had no memory.
    case outOfMemory
    /// The suffix of the name promises this compression, and the bytes are something else.
    case otherFormat
  }

  /// The system refused with this `errno`.
  case system(Operation, path: String, errno: Int32)
  /// The path leads to something else than a regular file.
  case notRegular(Kind, path: String)
  /// The file is larger than we read.
  case tooLarge(byteCount: Int, limit: Int, path: String)
  /// The file changed while it was read.
  case changed(path: String, expected: Int, found: Int)
  /// A symbolic link leads out of the directory that was searched.
  case leavesDirectory(path: String)
  /// The name is empty, absolute, goes up with `..`, or holds a NUL: it is not searched for.
  case badName(String)
  /// No directory has a file of this name, compressed or not.
  case notFound(name: String, directories: [String])
  /// The library that unpacks the file cannot be opened, or has not what is needed.
  case libraryMissing(Compression, library: String, path: String)
  /// The compressed file was refused.
  case unpacking(Compression, UnpackFault, path: String)
  /// Unpacked, the file is larger than we read; `byteCount` is `nil` when its header does not say.
  case unpacksTooLarge(Compression, byteCount: UInt64?, limit: Int, path: String)
}

extension ImageFileError: CustomStringConvertible {
  /// One line for a person: the path, what was wrong, and the numbers.
  public var description: String {
    switch self {
    case .system(_, path: "", _): "the path of the image is empty"
    case .system(let operation, let path, let errno):
      "\(shown(path)): cannot \(operation.rawValue): \(systemMessage(errno))"
    case .notRegular(let kind, let path):
      "\(shown(path)): is a \(kind.rawValue), not a regular file"
    case .tooLarge(let byteCount, let limit, let path):
      "\(shown(path)): holds \(byteCount) bytes, \(limit) at most are read"
    case .changed(let path, let expected, let found):
      "\(shown(path)): changed while it was read (\(expected) bytes before, \(found) now)"
    case .leavesDirectory(let path): "\(shown(path)): a symbolic link leads out of its directory"
    case .badName(let name): "\"\(shown(name))\" is not the name of a firmware file"
    case .notFound(let name, let directories):
      "\(shown(name)): not found in \(directories.map(shown).joined(separator: ", ")) "
        + "(with \(Compression.suffixList), too)"
    case .libraryMissing(let compression, let library, let path):
      "\(shown(path)): \(compression.rawValue) images need \(library), "
        + "which is not on this machine"
    case .unpacking(let compression, let fault, let path):
      "\(shown(path)): \(compression.rawValue) data \(fault)"
    case .unpacksTooLarge(let compression, let byteCount, let limit, let path):
      "\(shown(path)): \(compression.rawValue) data unpacks to "
        + "\(byteCount.map { "\($0)" } ?? "more") bytes, \(limit) at most are read"
    }
  }
}

extension ImageFileError.UnpackFault: CustomStringConvertible {
  /// What is wrong with the data, for a person.
  public var description: String {
    switch self {
    case .truncated: "ends too early"
    case .corrupt(let code): "is damaged (code \(code))"
    case .unsupported(let code): "is not supported (code \(code))"
    case .trailingBytes(let offset, let count):
      "ends at offset 0x\(String(offset, radix: 16)), \(count) bytes follow it"
    case .outOfMemory: "cannot be unpacked: no memory"
    case .otherFormat: "has another format than its suffix says"
    }
  }
}

/// `text` with controls escaped, so that a message stays one line.
private func shown(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.value >= 0x20, scalar.value != 0x7f, !(0x80...0x9f).contains(scalar.value) {
      result.unicodeScalars.append(scalar)
    } else {
      result += "\\u{" + String(scalar.value, radix: 16) + "}"
    }
  }
  return result
}

/// The system's words for `code`, with the number.
private func systemMessage(_ code: Int32) -> String {
  // SAFETY: the result is a string of the C library that stays valid until this thread asks again.
  unsafe "\(String(cString: strerror(code))) (errno \(code))"
}

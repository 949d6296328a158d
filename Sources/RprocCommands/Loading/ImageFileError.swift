import Foundation

/// Why a firmware file was not read.
package enum ImageFileError: Error, Equatable, Sendable {
  /// What was being done to the file.
  package enum Operation: String, Equatable, Sendable {
    case open, inspect, read
  }

  /// What the path leads to instead of a regular file.
  package enum Kind: String, Equatable, Sendable {
    case directory, fifo, socket, device
  }

  /// The system refused with this `errno`.
  case system(Operation, path: String, errno: Int32)
  /// The path leads to something else than a regular file.
  case notRegular(Kind, path: String)
  /// The file is larger than we read.
  case tooLarge(byteCount: Int, limit: Int, path: String)
}

extension ImageFileError: CustomStringConvertible {
  /// One line for a person: the path, what was wrong, and the numbers.
  package var description: String {
    switch self {
    case .system(_, path: "", _): "the path of the image is empty"
    case .system(let operation, let path, let errno):
      "\(SafeText.escaped(path)): cannot \(operation.rawValue): \(systemMessage(errno))"
    case .notRegular(let kind, let path):
      "\(SafeText.escaped(path)): is a \(kind.rawValue), not a regular file"
    case .tooLarge(let byteCount, let limit, let path):
      "\(SafeText.escaped(path)): holds \(byteCount) bytes, \(limit) at most are read"
    }
  }
}

/// The system's words for `code`, with the number.
func systemMessage(_ code: Int32) -> String {
  // SAFETY: the result is a string of the C library that stays valid until this thread asks again.
  unsafe "\(String(cString: strerror(code))) (errno \(code))"
}

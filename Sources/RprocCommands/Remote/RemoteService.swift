import Glibc
import RPMsg
import SharedMemory
import WireTypes

/// A service of `rproc remote`.
package struct RemoteService: Equatable, Sendable {
  /// What is done with messages.
  package enum Handler: String, CaseIterable, Equatable, Sendable {
    /// Each message is sent back.
    case echo
    /// Two square matrices come, their product goes back, as open-amp's demo has it.
    case matrix
    /// `exit N` or `signal N` ends the process so; for tests of hosts.
    case crash
  }

  /// The name that is announced.
  package var name: String
  /// What is done with messages.
  package var handler: Handler

  /// Reads `NAME=HANDLER`; `nil` unless the handler is known and the name has 1 to 31 bytes.
  package init?(_ text: String) {
    guard let separator = text.lastIndex(of: "="),
      let handler = Handler(rawValue: String(text[text.index(after: separator)...]))
    else { return nil }
    name = String(text[..<separator])
    self.handler = handler
    guard (1...31).contains(name.utf8.count) else { return nil }
  }

  /// The answer to `payload`, if there is one.
  package func answer(_ payload: RawSpan) -> [UInt8]? {
    switch handler {
    case .echo: payload.copiedBytes
    case .matrix: MatrixProduct.answer(to: payload.copiedBytes)
    case .crash:
      Self.end(as: String(decoding: payload.copiedBytes, as: UTF8.self))
    }
  }

  private static func end(as text: String) -> [UInt8]? {
    let words = text.split(separator: " ")
    guard words.count == 2, let number = Int32(words[1]), (0...255).contains(number) else {
      return nil
    }
    switch words[0] {
    case "exit": exit(number)
    case "signal":
      signal(number, SIG_DFL)
      raise(number)
    default: break
    }
    return nil
  }
}

/// The product of two matrices as open-amp's matrix demo sends them.
///
/// A matrix is its size (up to 6) and 36 elements in rows of 6, each 32 bits, little-endian.
enum MatrixProduct {
  private static let width = 6
  private static let wordCount = 1 + width * width

  /// The answer to a message of two matrices; `nil` when it is none.
  static func answer(to message: [UInt8]) -> [UInt8]? {
    guard message.count == 2 * 4 * wordCount else { return nil }
    let words = stride(from: 0, to: message.count, by: 4).map { start in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(message[start + $1]) << UInt32(8 * $1) }
    }
    let size = Int(words[0])
    guard (1...width).contains(size), words[wordCount] == words[0] else { return nil }
    var product = [UInt32](repeating: 0, count: wordCount)
    product[0] = words[0]
    for row in 0..<size {
      for column in 0..<size {
        product[1 + row * width + column] = (0..<size).reduce(0) { sum, index in
          let left = words[1 + row * width + index]
          let right = words[wordCount + 1 + index * width + column]
          return sum &+ left &* right
        }
      }
    }
    return product.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
  }
}

extension RawSpan {
  /// A copy of all bytes.
  fileprivate var copiedBytes: [UInt8] {
    (0..<byteCount).map { littleEndian(at: $0, as: UInt8.self) }
  }
}

import Foundation

/// A place in a board file.
public struct BoardLocation: Equatable, Sendable {
  /// The file's name as the caller gave it.
  public var fileName: String
  /// Line, from 1 on.
  public var line: Int

  /// Makes the place at `line` of `fileName`.
  public init(fileName: String, line: Int) {
    self.fileName = fileName
    self.line = line
  }
}

/// Why a board description was refused.
public enum BoardError: Error, Equatable, Sendable {
  /// What a value has to be.
  public enum Shape: String, Equatable, Sendable {
    /// Keys with values.
    case mapping
    /// A list of values.
    case list
    /// A word or a line of text.
    case text
    /// A whole number.
    case number
    /// Bytes, such as `16MiB`.
    case size
    /// Cycles per second, such as `10MHz`.
    case frequency
    /// `true` or `false`.
    case flag
    /// Pairs of hexadecimal digits.
    case bytes = "row of hexadecimal bytes"
  }

  /// The text is not YAML; `problem` is the reader's own wording.
  case syntax(problem: String, at: BoardLocation)
  /// The file holds more than ``Board/maxFileByteCount`` bytes.
  case tooLarge(byteCount: Int, fileName: String)
  /// The file could not be read, with the `errno` of the failure.
  case notReadable(fileName: String, errno: Int32)
  /// No built-in board has this name.
  case unknownBoard(name: String)
  /// A key that means nothing here.
  case unknownKey(String, at: BoardLocation)
  /// A key that stands twice in one mapping.
  case duplicateKey(String, at: BoardLocation)
  /// A key that must be there is not.
  case missingKey(String, at: BoardLocation)
  /// The value of `key` has another shape.
  case wrongShape(key: String, expected: Shape, at: BoardLocation)
  /// The text of `key` is not a number, size or frequency, or does not fit in 64 bits.
  case badNumber(key: String, text: String, expected: Shape, at: BoardLocation)
  /// The text of `key` is none of the words that are `allowed`.
  case unknownValue(key: String, text: String, allowed: [String], at: BoardLocation)
  /// A name is empty, too long or holds a character other than letters, digits, `.`, `_`, `-`.
  case badName(String, at: BoardLocation)
  /// A path is empty, longer than 107 bytes or holds a character other than letters, digits, `.`,
  /// `_`, `-`, `/`.
  case badPath(String, at: BoardLocation)
  /// Two parts of the same kind have this name.
  case duplicateName(String, at: BoardLocation)
  /// A number lies outside `lowest...highest`.
  case outOfRange(
    key: String, value: UInt64, lowest: UInt64, highest: UInt64, at: BoardLocation)
  /// A number is not a multiple of `alignment`.
  case notAligned(key: String, value: UInt64, alignment: UInt64, at: BoardLocation)
  /// A page size is not a power of two.
  case notPowerOfTwo(key: String, value: UInt64, at: BoardLocation)
  /// A part does not end within the address space, whose last address is `highest`.
  case beyondAddressSpace(
    part: String, start: UInt64, byteCount: UInt64, highest: UInt64, at: BoardLocation)
  /// Two parts of the board share addresses; `other` is the earlier one, at line `otherLine`.
  case overlap(part: String, other: String, otherLine: Int, at: BoardLocation)
  /// A region does not lie inside one memory of the board.
  case outsideMemory(part: String, at: BoardLocation)
  /// Two devices of a kind that a board has at most one of.
  case duplicateDevice(BoardDevice.Kind, at: BoardLocation)
}

extension BoardLocation: CustomStringConvertible {
  /// File name and line, as compilers write them.
  public var description: String { "\(fileName):\(line)" }
}

extension BoardError: CustomStringConvertible {
  /// One line for a person: where, what is wrong and by how much.
  public var description: String {
    switch self {
    case .tooLarge(let byteCount, let fileName):
      "\(fileName): \(byteCount) bytes, a board file has at most \(Board.maxFileByteCount)"
    case .notReadable(let fileName, let errno):
      "\(fileName): cannot be read: \(systemText(errno)) (errno \(errno))"
    case .unknownBoard(let name):
      "no board is named \"\(escaped(name))\"; there are \(Board.builtInNames.joined(separator: ", ")), "
        + "and files, whose names end in .yaml or hold a slash"
    case .syntax(let problem, let at): "\(at): \(problem)"
    case .unknownKey(let key, let at): "\(at): unknown key \"\(escaped(key))\""
    case .duplicateKey(let key, let at): "\(at): key \"\(escaped(key))\" stands twice"
    case .missingKey(let key, let at): "\(at): key \"\(key)\" is missing"
    case .wrongShape(let key, let expected, let at):
      "\(at): \(escaped(key)) is not a \(expected.rawValue)"
    case .badNumber(let key, let text, let expected, let at):
      "\(at): \(key) \"\(escaped(text))\" is not a \(expected.rawValue)"
    case .unknownValue(let key, let text, let allowed, let at):
      "\(at): \(key) \"\(escaped(text))\" is none of \(allowed.joined(separator: ", "))"
    case .badName(let name, let at):
      "\(at): name \"\(escaped(name))\" is not 1 to 31 of A-Z a-z 0-9 . _ -"
    case .badPath(let path, let at):
      "\(at): path \"\(escaped(path))\" is not 1 to 107 of A-Z a-z 0-9 . _ - /"
    case .duplicateName(let name, let at): "\(at): name \"\(name)\" stands twice"
    default: rangeDescription
    }
  }

  private var rangeDescription: String {
    switch self {
    case .outOfRange(let key, let value, let lowest, let highest, let at):
      "\(at): \(key) \(text(value, key)) is outside \(text(lowest, key))...\(text(highest, key))"
    case .notAligned(let key, let value, let alignment, let at):
      "\(at): \(key) \(hex(value)) is not a multiple of \(hex(alignment))"
    case .notPowerOfTwo(let key, let value, let at):
      "\(at): \(key) \(hex(value)) is not a power of two"
    case .beyondAddressSpace(let part, let start, let byteCount, let highest, let at):
      "\(at): \(part) of \(hex(byteCount)) bytes at \(hex(start)) ends beyond \(hex(highest))"
    case .overlap(let part, let other, let otherLine, let at):
      "\(at): \(part) overlaps \(other) of line \(otherLine)"
    case .outsideMemory(let part, let at): "\(at): \(part) is not inside one memory of the board"
    case .duplicateDevice(let kind, let at):
      "\(at): a board has one \(kind.rawValue)"
    default: ""
    }
  }

  private func systemText(_ code: Int32) -> String {
    // SAFETY: the result is a string of the C library, valid until this thread asks again.
    unsafe String(cString: strerror(code))
  }

  // Addresses are written as people know them.
  private func text(_ value: UInt64, _ key: String) -> String {
    key == "da" || key == "pa" ? hex(value) : String(value)
  }

  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  private func escaped(_ text: String) -> String {
    String(text.prefix(64).map { $0.isASCII && $0 >= " " && $0 != "\u{7f}" ? $0 : "?" })
  }
}

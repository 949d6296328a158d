/// What is known about a crash, as lines of text.
///
/// Keys are lower-case words; a value is one line, in which any byte that is not printable ASCII,
/// and the backslash, is written as `\xNN`, as is a colon in a key. Unknown keys are for people.
public struct CoredumpFacts: Equatable, Sendable {
  /// A key and its value.
  public struct Fact: Equatable, Sendable {
    /// What the value is.
    public var key: String
    /// The value, with nothing escaped.
    public var value: String

    /// Makes a fact.
    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// The most bytes of one value in a file; a longer one is cut.
  public static let maximumValueByteCount = 4096

  /// The facts in the order of the file.
  public var facts: [Fact]

  /// Makes a list of facts.
  public init(_ facts: [Fact] = []) { self.facts = facts }

  /// The first value of `key`, or `nil`.
  public subscript(key: String) -> String? { facts.first { $0.key == key }?.value }

  /// Adds a fact, unless there is no value.
  public mutating func add(_ key: String, _ value: String?) {
    if let value { facts.append(Fact(key, value)) }
  }

  /// The facts as a note.
  public var note: CoredumpNote {
    var bytes: [UInt8] = []
    for fact in facts {
      bytes += Self.escaped(fact.key, also: UInt8(ascii: ":")) + Array(": ".utf8)
      bytes += Self.escaped(fact.value)
      bytes.append(UInt8(ascii: "\n"))
    }
    return CoredumpNote(.facts, bytes)
  }

  /// The facts in `note`, or `nil` when it is no such note.
  public init?(_ note: CoredumpNote) {
    guard note.kind == .facts else { return nil }
    facts = note.bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      let value = line[(colon + 1)...]
      let text = value.first == UInt8(ascii: " ") ? value.dropFirst() : value
      return Fact(Self.unescaped(line[..<colon]), Self.unescaped(text))
    }
  }

  private static func escaped(_ text: String, also other: UInt8? = nil) -> [UInt8] {
    text.utf8.prefix(maximumValueByteCount).flatMap { byte -> [UInt8] in
      guard byte < 0x20 || byte >= 0x7f || byte == UInt8(ascii: "\\") || byte == other else {
        return [byte]
      }
      return Array(((byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)).utf8)
    }
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

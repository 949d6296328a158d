import WireTypes
package import Yams

/// One YAML mapping with its place, whose keys are all known and unique.
package struct BoardFields {
  /// The name of the file for errors.
  package let fileName: String
  /// Where the mapping begins.
  package let location: BoardLocation
  private let entries: [(key: String, node: Node)]

  /// Reads the mapping `node`, which is the value of `key` for error messages.
  package init(
    _ node: Node, key: String, known: [String], fileName: String
  ) throws(BoardError) {
    self.fileName = fileName
    location = Self.location(of: node, fileName: fileName)
    guard let mapping = node.mapping else {
      throw .wrongShape(key: key, expected: .mapping, at: location)
    }
    var entries: [(key: String, node: Node)] = []
    for (keyNode, value) in mapping {
      let at = Self.location(of: keyNode, fileName: fileName)
      guard let name = keyNode.scalar?.string else {
        throw .wrongShape(key: "key", expected: .text, at: at)
      }
      guard known.contains(name) else { throw .unknownKey(name, at: at) }
      entries.append((name, value))
    }
    self.entries = entries
  }

  /// Where `node` starts; line 1 when the reader does not say.
  static func location(of node: Node, fileName: String) -> BoardLocation {
    BoardLocation(fileName: fileName, line: node.mark?.line ?? 1)
  }

  /// Where `node` starts.
  package func location(of node: Node) -> BoardLocation {
    Self.location(of: node, fileName: fileName)
  }

  /// The value of `key`, if it is there.
  package func optional(_ key: String) -> Node? { entries.first { $0.key == key }?.node }

  /// The value of `key`.
  package func required(_ key: String) throws(BoardError) -> Node {
    guard let node = optional(key) else { throw .missingKey(key, at: location) }
    return node
  }

  /// The mapping `node`, whose keys may be those that are `known`.
  package func fields(_ key: String, _ node: Node, known: [String]) throws(BoardError)
    -> BoardFields
  {
    try BoardFields(node, key: key, known: known, fileName: fileName)
  }

  /// The elements of the list `key`.
  package func list(_ key: String, _ node: Node) throws(BoardError) -> [Node] {
    guard let sequence = node.sequence else {
      throw .wrongShape(key: key, expected: .list, at: location(of: node))
    }
    return Array(sequence)
  }

  /// The text of a scalar.
  package func text(_ key: String, _ node: Node) throws(BoardError) -> String {
    guard let scalar = node.scalar else {
      throw .wrongShape(key: key, expected: .text, at: location(of: node))
    }
    return scalar.string
  }

  /// The name under `key`: 1 to 31 letters, digits, `.`, `_` or `-`.
  func name(_ key: String) throws(BoardError) -> String {
    let node = try required(key)
    let name = try text(key, node)
    guard name.utf8.allSatisfy(Self.isPlain), (1...31).contains(name.utf8.count) else {
      throw .badName(name, at: location(of: node))
    }
    return name
  }

  /// The path of a file or of a socket; it needs no quotes and fits where the system takes either.
  func path(_ key: String) throws(BoardError) -> String {
    let node = try required(key)
    let path = try text(key, node)
    guard path.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "/") }),
      (1...107).contains(path.utf8.count)
    else { throw .badPath(path, at: location(of: node)) }
    return path
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// One of the words of `Value`.
  func word<Value: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ node: Node
  ) throws(BoardError) -> Value {
    let text = try text(key, node)
    guard let value = Value(rawValue: text) else {
      throw .unknownValue(
        key: key, text: text, allowed: Value.allCases.map(\.rawValue), at: location(of: node))
    }
    return value
  }

  /// `true` or `false`.
  func flag(_ key: String, _ node: Node) throws(BoardError) -> Bool {
    let text = try text(key, node)
    guard text == "true" || text == "false" else {
      throw .badNumber(key: key, text: text, expected: .flag, at: location(of: node))
    }
    return text == "true"
  }

  /// A decimal or hexadecimal number inside `range`, with a unit if `shape` has units.
  package func number(
    _ key: String, _ node: Node, as shape: BoardError.Shape, in range: ClosedRange<UInt64>,
    multipleOf alignment: UInt64 = 1
  ) throws(BoardError) -> UInt64 {
    let text = try text(key, node)
    let at = location(of: node)
    guard let value = BoardNumber.parse(text, as: shape) else {
      throw .badNumber(key: key, text: text, expected: shape, at: at)
    }
    guard range.contains(value) else {
      throw .outOfRange(
        key: key, value: value, lowest: range.lowerBound, highest: range.upperBound, at: at)
    }
    guard value % alignment == 0 else {
      throw .notAligned(key: key, value: value, alignment: alignment, at: at)
    }
    return value
  }
}

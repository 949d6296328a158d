import Boards
import ResourceTable
import WireTypes
import Yams

/// Turns a YAML description into a ``ResourceTableDescription``.
struct TableYAML {
  /// The largest description that is read, in bytes.
  static let maxByteCount = 1 << 20

  private let root: BoardFields

  /// Reads the description `text`; `fileName` appears in errors only.
  ///
  /// - Throws: `BoardError` with the line of what is wrong.
  static func description(
    of text: String, fileName: String
  ) throws(BoardError) -> ResourceTableDescription {
    let document = try YAMLDocument.node(text, of: "table", fileName: fileName)
    let root = try BoardFields(
      document, key: "table", known: ["version", "size", "entries", "bytes"], fileName: fileName)
    return try TableYAML(root: root).description()
  }

  private func description() throws(BoardError) -> ResourceTableDescription {
    let version = try root.number("version", root.required("version"), as: .number, in: 0...1)
    let entries = try root.list("entries", root.required("entries"))
    let content: ResourceTableDescription.Content
    if version == 0 {
      var records: [ResourceRecord] = []
      for node in entries { records.append(try TableRecordFields(root, node).record()) }
      content = .records(records)
    } else {
      var items: [ResourceTableDescription.Item] = []
      for node in entries { items.append(try TableEntryFields(root, node).item()) }
      content = .items(items)
    }
    var description = ResourceTableDescription(content)
    let limit = UInt64(ResourceTableDescription.maximumByteCount)
    if let node = root.optional("size") {
      description.byteCount = Int(try root.number("size", node, as: .size, in: 0...limit))
    }
    guard let node = root.optional("bytes") else { return description }
    for node in try root.list("bytes", node) {
      let fields = try root.fields("bytes", node, known: ["offset", "hex"])
      let offset = try fields.number(
        "offset", fields.required("offset"), as: .number, in: 0...limit)
      let bytes = try fields.bytes("hex", fields.required("hex"))
      description.patches.append(
        ResourceTableDescription.Patch(offset: Int(offset), bytes: bytes))
    }
    return description
  }
}

extension BoardFields {
  /// A whole number of `bitCount` bits under `key`, or `fallback` when it is not there.
  func word(
    _ key: String, _ fallback: UInt64 = 0, as shape: BoardError.Shape = .number,
    bitCount: UInt64 = 32
  ) throws(BoardError) -> UInt64 {
    guard let node = optional(key) else { return fallback }
    return try number(key, node, as: shape, in: 0...(UInt64.max >> (64 - bitCount)))
  }

  /// The number under `key`, which also may be `any`; that is `nil`.
  func wordOrAny(_ key: String, highest: UInt64) throws(BoardError) -> UInt64? {
    let node = try required(key)
    if try text(key, node) == "any" { return nil }
    return try number(key, node, as: .number, in: 0...highest)
  }

  /// The notify id under `key`; `any` is all ones, and so is nothing at all.
  func notifyID(_ key: String) throws(BoardError) -> NotifyID {
    guard let node = optional(key), try text(key, node) != "any" else {
      return NotifyID(rawValue: .max)
    }
    return NotifyID(rawValue: UInt32(try word(key)))
  }

  /// The name, of `most` bytes at most; empty when it is not there.
  func name(most: Int) throws(BoardError) -> String {
    guard let node = optional("name") else { return "" }
    let name = try text("name", node)
    guard name.utf8.count <= most else {
      throw .outOfRange(
        key: "bytes of name", value: UInt64(name.utf8.count), lowest: 0, highest: UInt64(most),
        at: location(of: node))
    }
    return name
  }

  /// Bytes as pairs of hexadecimal digits.
  func bytes(_ key: String, _ node: Node) throws(BoardError) -> [UInt8] {
    let text = try text(key, node)
    let digits = Array(text.utf8.filter { $0 != UInt8(ascii: " ") })
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = digits[index..<min(index + 2, digits.count)]
      guard pair.count == 2, pair.allSatisfy(\.isHexDigit),
        let byte = UInt8(String(decoding: pair, as: UTF8.self), radix: 16)
      else { throw .badNumber(key: key, text: text, expected: .bytes, at: location(of: node)) }
      bytes.append(byte)
    }
    return bytes
  }
}

extension UInt8 {
  fileprivate var isHexDigit: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

import Boards
import ResourceTable
import WireTypes
import Yams

/// One record of a described table of version 0.
struct TableRecordFields {
  private let root: BoardFields
  private let node: Node
  private let type: String

  /// Reads the type of `node`.
  init(_ root: BoardFields, _ node: Node) throws(BoardError) {
    self.root = root
    self.node = node
    type = try TableEntryFields.type(of: node, root)
  }

  /// The words for the types that have keys of their own, and their numbers.
  static let names: [(name: String, type: UInt32)] = [
    ("carveout", 0), ("devmem", 1), ("trace", 2), ("vring", 3), ("vdev", 4),
  ]

  /// The record.
  func record() throws(BoardError) -> ResourceRecord {
    let keys =
      switch type {
      case "vdev": ["id", "dfeatures", "gfeatures", "status"]
      case "vring": ["da", "pa", "num", "flags"]
      default: ["da", "pa", "size", "flags"]
      }
    let fields = try root.fields("entry", node, known: ["type", "index", "name"] + keys)
    let known = Self.names.first { $0.name == type }?.type
    let number: UInt32
    if let known {
      number = known
    } else {
      number = try Self.number(ofType: fields, highest: UInt64(UInt32.max))
    }
    let isDevice = type == "vdev"
    var record = ResourceRecord(type: number)
    record.id = UInt32(try fields.word("index"))
    record.da = try fields.word(isDevice ? "dfeatures" : "da", bitCount: 64)
    record.pa = try fields.word(isDevice ? "gfeatures" : "pa", bitCount: 64)
    record.flags = UInt32(try fields.word(isDevice ? "id" : "flags"))
    record.count =
      switch type {
      case "vdev": UInt32(try fields.word("status"))
      case "vring": UInt32(try fields.word("num"))
      default: UInt32(try fields.word("size", as: .size))
      }
    record.name = FixedName<48>(try fields.name(most: 47))
    return record
  }

  /// The number under `type`, for entries without a name of their own.
  static func number(ofType fields: BoardFields, highest: UInt64) throws(BoardError) -> UInt32 {
    let node = try fields.required("type")
    let text = try fields.text("type", node)
    guard text.first?.isNumber ?? false else {
      throw .unknownValue(
        key: "type", text: text, allowed: names.map(\.name) + ["a number"],
        at: fields.location(of: node))
    }
    return UInt32(try fields.number("type", node, as: .number, in: 0...highest))
  }
}

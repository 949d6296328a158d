import Boards
import ResourceTable
import WireTypes
import Yams

/// One entry of a described table of version 1.
struct TableEntryFields {
  private let root: BoardFields
  private let node: Node
  private let type: String

  /// Reads the type of `node`.
  init(_ root: BoardFields, _ node: Node) throws(BoardError) {
    self.root = root
    self.node = node
    type = try Self.type(of: node, root)
  }

  /// The type that says which keys there may be.
  static func type(of node: Node, _ root: BoardFields) throws(BoardError) -> String {
    guard let mapping = node.mapping else {
      throw .wrongShape(key: "entry", expected: .mapping, at: root.location(of: node))
    }
    guard let type = mapping["type"] else {
      throw .missingKey("type", at: root.location(of: node))
    }
    return try root.text("type", type)
  }

  /// The entry and its place.
  func item() throws(BoardError) -> ResourceTableDescription.Item {
    let (entry, fields) = try entry()
    var item = ResourceTableDescription.Item(entry)
    if fields.optional("offset") != nil { item.offset = Int(try fields.word("offset")) }
    return item
  }

  private func fields(_ known: String...) throws(BoardError) -> BoardFields {
    try root.fields("entry", node, known: ["type", "offset"] + known)
  }

  private func entry() throws(BoardError) -> (ResourceTableBuilder.Entry, BoardFields) {
    switch type {
    case "carveout", "devmem":
      let fields = try fields("name", "da", "pa", "size", "flags")
      let memory = try memory(fields)
      return (type == "carveout" ? .carveout(memory) : .devmem(memory), fields)
    case "trace":
      let fields = try fields("name", "da", "size")
      let trace = TraceResource(
        da: try address(fields), byteCount: UInt32(try size(fields)),
        name: WireName(try fields.name(most: 31)))
      return (.trace(trace), fields)
    case "vdev": return try device()
    default:
      let fields = try fields("body")
      let number = try TableRecordFields.number(ofType: fields, highest: UInt64(UInt32.max))
      let body = try fields.optional("body").map { node throws(BoardError) in
        try fields.bytes("body", node)
      }
      return (.raw(type: number, body: body ?? []), fields)
    }
  }

  private func memory(_ fields: BoardFields) throws(BoardError) -> MemoryResource {
    MemoryResource(
      da: try address(fields), pa: PhysicalAddress(rawValue: try fields.word("pa")),
      byteCount: UInt32(try size(fields)), flags: UInt32(try fields.word("flags")),
      name: WireName(try fields.name(most: 31)))
  }

  private func address(_ fields: BoardFields) throws(BoardError) -> DeviceAddress? {
    try fields.wordOrAny("da", highest: UInt64(UInt32.max) - 1).map(DeviceAddress.init)
  }

  private func size(_ fields: BoardFields) throws(BoardError) -> UInt64 {
    try fields.number("size", fields.required("size"), as: .size, in: 0...UInt64(UInt32.max))
  }

  private func device() throws(BoardError) -> (ResourceTableBuilder.Entry, BoardFields) {
    let fields = try fields(
      "id", "notifyid", "dfeatures", "gfeatures", "status", "config", "vrings")
    var vdev = VdevResource(
      deviceID: UInt32(
        try fields.number("id", fields.required("id"), as: .number, in: 0...UInt64(UInt32.max))),
      deviceFeatures: UInt32(try fields.word("dfeatures")))
    if fields.optional("notifyid") != nil { vdev.notifyID = try fields.notifyID("notifyid") }
    vdev.driverFeatures = UInt32(try fields.word("gfeatures"))
    vdev.status = UInt8(try fields.word("status", bitCount: 8))
    var vrings: [VringResource] = []
    for node in try fields.list("vrings", fields.required("vrings")) {
      vrings.append(try vring(fields, node))
    }
    guard vrings.count < 256 else {
      throw .outOfRange(
        key: "number of vrings", value: UInt64(vrings.count), lowest: 0, highest: 255,
        at: fields.location)
    }
    var config: [UInt8] = []
    if let node = fields.optional("config") { config = try fields.bytes("config", node) }
    return (.vdev(vdev, vrings: vrings, config: config), fields)
  }

  private func vring(_ device: BoardFields, _ node: Node) throws(BoardError) -> VringResource {
    let fields = try device.fields(
      "vring", node, known: ["da", "align", "num", "notifyid", "pa"])
    let count = try fields.number(
      "num", fields.required("num"), as: .number, in: 0...UInt64(UInt32.max))
    return VringResource(
      da: try address(fields), alignment: UInt32(try fields.word("align", 4096)),
      count: UInt32(count), notifyID: try fields.notifyID("notifyid"),
      pa: PhysicalAddress(rawValue: try fields.word("pa")))
  }
}

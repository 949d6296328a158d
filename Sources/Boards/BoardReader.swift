import WireTypes
import Yams

/// Turns the nodes of a board file into a ``Board``.
struct BoardReader {
  private let root: BoardFields
  private var placed: [Placed] = []

  /// A part of the board that takes addresses, and where the file says so.
  private struct Placed {
    let part: String
    let range: AddressRange<DeviceAddress>
    let line: Int
  }

  init(_ document: Node, fileName: String) throws(BoardError) {
    root = try BoardFields(
      document, key: "board",
      known: ["name", "core", "memory", "devices", "iommu", "policy"], fileName: fileName)
  }

  mutating func board() throws(BoardError) -> Board {
    var board = Board(name: try root.name("name"), core: try core(), memory: try memory())
    if let node = root.optional("devices") { board.devices = try devices(node) }
    if let node = root.optional("iommu") { board.iommu = try iommu(node) }
    if let node = root.optional("policy") { board.policy = try policy(node) }
    return board
  }

  private func core() throws(BoardError) -> BoardCore? {
    let node = try root.required("core")
    if node.scalar?.string == "none" { return nil }
    let fields = try root.fields("core", node, known: ["isa", "count", "clock", "restart"])
    let isa: BoardISA = try fields.word("isa", fields.required("isa"))
    var core = BoardCore(isa: isa, count: 1)
    if let node = fields.optional("count") {
      core.count = Int(try fields.number("count", node, as: .number, in: 1...64))
    }
    if let node = fields.optional("clock") {
      core.frequencyInHertz = try fields.number(
        "clock", node, as: .frequency, in: 1_000...10_000_000_000)
    }
    if let node = fields.optional("restart") { core.restart = try fields.word("restart", node) }
    return core
  }

  private mutating func memory() throws(BoardError) -> [BoardMemory] {
    let node = try root.required("memory")
    let nodes = try root.list("memory", node)
    guard (1...64).contains(nodes.count) else {
      throw .outOfRange(
        key: "memory", value: UInt64(nodes.count), lowest: 1, highest: 64,
        at: root.location(of: node))
    }
    var regions: [BoardMemory] = []
    var physical: [Placed] = []
    for node in nodes {
      let fields = try root.fields("memory", node, known: ["name", "da", "pa", "size"])
      let name = try fields.name("name")
      guard !regions.contains(where: { $0.name == name }) else {
        throw .duplicateName(name, at: fields.location)
      }
      let da = try address("da", try fields.required("da"), fields)
      let byteCount = try fields.number(
        "size", fields.required("size"), as: .size, in: 4096...(1 << 40), multipleOf: 4096)
      try place(name, at: da, byteCount: byteCount, fields.location, in: &placed)
      var region = BoardMemory(
        name: name, da: DeviceAddress(rawValue: da), byteCount: byteCount)
      if let node = fields.optional("pa") {
        region.pa = PhysicalAddress(
          rawValue: try fields.number("pa", node, as: .number, in: 0 ... .max, multipleOf: 4096))
      }
      try place(
        "\(name) (pa)", at: region.pa.rawValue, byteCount: byteCount, highest: Self.highestPA,
        fields.location, in: &physical)
      regions.append(region)
    }
    return regions
  }

  private mutating func devices(_ node: Node) throws(BoardError) -> [BoardDevice] {
    var devices: [BoardDevice] = []
    for node in try root.list("devices", node) {
      let fields = try root.fields("device", node, known: ["kind", "da", "interrupt"])
      let kind: BoardDevice.Kind = try fields.word("kind", fields.required("kind"))
      guard !devices.contains(where: { $0.kind == kind }) else {
        throw .duplicateDevice(kind, at: fields.location)
      }
      let da = try address("da", try fields.required("da"), fields)
      try place(kind.rawValue, at: da, byteCount: kind.byteCount, fields.location, in: &placed)
      var device = BoardDevice(kind: kind, da: DeviceAddress(rawValue: da))
      if let node = fields.optional("interrupt") {
        guard kind != .clint else { throw .unknownKey("interrupt", at: fields.location(of: node)) }
        device.interrupt = try fields.word("interrupt", node)
      }
      devices.append(device)
    }
    return devices
  }

  private func iommu(_ node: Node) throws(BoardError) -> BoardIOMMU? {
    if node.scalar?.string == "none" { return nil }
    let fields = try root.fields("iommu", node, known: ["pageSize", "da", "size"])
    let pageNode = try fields.required("pageSize")
    let page = try fields.number("pageSize", pageNode, as: .size, in: 4096...(2 << 20))
    guard page.nonzeroBitCount == 1 else {
      throw .notPowerOfTwo(key: "pageSize", value: page, at: fields.location(of: pageNode))
    }
    let start = try fields.number(
      "da", fields.required("da"), as: .number, in: 0 ... .max, multipleOf: page)
    let byteCount = try fields.number(
      "size", fields.required("size"), as: .size, in: page ... .max, multipleOf: page)
    let range = try Self.range(
      DeviceAddress.self, "iommu", start, byteCount, highest: Self.highestAddress,
      fields.location)
    return BoardIOMMU(pageByteCount: page, range: range)
  }

  private func policy(_ node: Node) throws(BoardError) -> BoardPolicy {
    let fields = try root.fields("policy", node, known: ["maxCarveout", "devmem"])
    var policy = BoardPolicy()
    if let node = fields.optional("maxCarveout") {
      policy.maxCarveoutByteCount = try fields.number(
        "maxCarveout", node, as: .size, in: 0...(1 << 40))
    }
    guard let node = fields.optional("devmem") else { return policy }
    for node in try fields.list("devmem", node) {
      let entry = try fields.fields("devmem", node, known: ["pa", "size"])
      let start = try entry.number("pa", entry.required("pa"), as: .number, in: 0 ... .max)
      let byteCount = try entry.number(
        "size", entry.required("size"), as: .size, in: 1 ... .max)
      policy.devmem.append(
        try Self.range(
          PhysicalAddress.self, "devmem", start, byteCount, highest: .max, entry.location))
    }
    return policy
  }

  // The end of a memory is an address as well.
  private static let highestPA = UInt64.max - 1
  // Every instruction set so far has 32 address bits.
  private static let highestAddress: UInt64 = 0xffff_ffff

  private func address(
    _ key: String, _ node: Node, _ fields: BoardFields
  ) throws(BoardError) -> UInt64 {
    try fields.number(key, node, as: .number, in: 0...Self.highestAddress, multipleOf: 4096)
  }

  private static func range<Address: MemoryAddress>(
    _ space: Address.Type, _ part: String, _ start: UInt64, _ byteCount: UInt64, highest: UInt64,
    _ at: BoardLocation
  ) throws(BoardError) -> AddressRange<Address> {
    guard let range = AddressRange(start: Address(rawValue: start), byteCount: byteCount),
      start <= highest, byteCount - 1 <= highest - start
    else {
      throw .beyondAddressSpace(
        part: part, start: start, byteCount: byteCount, highest: highest, at: at)
    }
    return range
  }

  private func place(
    _ part: String, at start: UInt64, byteCount: UInt64, highest: UInt64 = Self.highestAddress,
    _ at: BoardLocation, in taken: inout [Placed]
  ) throws(BoardError) {
    let range = try Self.range(
      DeviceAddress.self, part, start, byteCount, highest: highest, at)
    if let other = taken.first(where: { $0.range.overlaps(range) }) {
      throw .overlap(part: part, other: other.part, otherLine: other.line, at: at)
    }
    taken.append(Placed(part: part, range: range, line: at.line))
  }
}

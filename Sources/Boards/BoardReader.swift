import WireTypes
import Yams

/// Turns the nodes of a board file into a ``Board``.
struct BoardReader {
  let root: BoardFields
  var placed: [Placed] = []

  /// A part of the board that takes addresses, and where the file says so.
  struct Placed {
    let part: String
    let range: AddressRange<DeviceAddress>
    let line: Int
  }

  init(_ document: Node, fileName: String) throws(BoardError) {
    root = try BoardFields(
      document, key: "board",
      known: ["name", "core", "memory", "devices", "iommu", "policy", "regions", "process"],
      fileName: fileName)
  }

  mutating func board() throws(BoardError) -> Board {
    let name = try root.name("name")
    let core = try core()
    // Whether memory needs a device address depends on it.
    var iommu: BoardIOMMU?
    if let node = root.optional("iommu") { iommu = try self.iommu(node) }
    var board = Board(name: name, core: core, memory: try memory(hasIOMMU: iommu != nil))
    board.iommu = iommu
    if let node = root.optional("devices") { board.devices = try devices(node) }
    if let node = root.optional("policy") { board.policy = try policy(node) }
    if let node = root.optional("regions") { board.regions = try regions(node, of: board) }
    if let node = root.optional("process") {
      let fields = try root.fields("process", node, known: ["file", "socket"])
      guard core == nil else { throw .unknownKey("process", at: root.location(of: node)) }
      board.process = BoardProcess(
        file: try fields.path("file"), socket: try fields.path("socket"))
    }
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
  static let highestPA = UInt64.max - 1
  // Every instruction set so far has 32 address bits.
  static let highestAddress: UInt64 = 0xffff_ffff

  func address(
    _ key: String, _ node: Node, _ fields: BoardFields
  ) throws(BoardError) -> UInt64 {
    try fields.number(key, node, as: .number, in: 0...Self.highestAddress, multipleOf: 4096)
  }

  static func range<Address: MemoryAddress>(
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

  func place(
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

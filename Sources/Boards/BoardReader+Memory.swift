import WireTypes
import Yams

// Memory, what translates its addresses, and what is set aside in it.
extension BoardReader {
  mutating func memory(hasIOMMU: Bool) throws(BoardError) -> [BoardMemory] {
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
      let fields = try root.fields(
        "memory", node, known: ["name", "da", "pa", "size", "carveouts", "hugePages"])
      let name = try fields.name("name")
      guard !regions.contains(where: { $0.name == name }) else {
        throw .duplicateName(name, at: fields.location)
      }
      var region = try placedMemory(name, fields, hasIOMMU: hasIOMMU)
      try place(
        "\(name) (pa)", at: region.pa.rawValue, byteCount: region.byteCount,
        highest: Self.highestPA, fields.location, in: &physical)
      if let node = fields.optional("carveouts") {
        region.holdsCarveouts = try fields.flag("carveouts", node)
      }
      if let node = fields.optional("hugePages") {
        region.hugePages = try fields.flag("hugePages", node)
      }
      regions.append(region)
    }
    return regions
  }

  private mutating func placedMemory(
    _ name: String, _ fields: BoardFields, hasIOMMU: Bool
  ) throws(BoardError) -> BoardMemory {
    // Behind an IOMMU most memory has no address of the core's own.
    let da: UInt64? =
      if let node = fields.optional("da") {
        try address("da", node, fields)
      } else if hasIOMMU {
        nil
      } else {
        try address("da", try fields.required("da"), fields)
      }
    let byteCount = try fields.number(
      "size", fields.required("size"), as: .size, in: 4096...(1 << 40), multipleOf: 4096)
    if let da { try place(name, at: da, byteCount: byteCount, fields.location, in: &placed) }
    var memory = BoardMemory(
      name: name, da: da.map { DeviceAddress(rawValue: $0) }, byteCount: byteCount)
    if let node = da == nil ? try fields.required("pa") : fields.optional("pa") {
      memory.pa = PhysicalAddress(
        rawValue: try fields.number("pa", node, as: .number, in: 0 ... .max, multipleOf: 4096))
    }
    return memory
  }

  mutating func iommu(_ node: Node) throws(BoardError) -> BoardIOMMU? {
    if node.scalar?.string == "none" { return nil }
    let fields = try root.fields("iommu", node, known: ["pageSize", "da", "size"])
    let pages = try pageSizes(fields.required("pageSize"), fields)
    let smallest = pages.first ?? 4096
    let start = try fields.number(
      "da", fields.required("da"), as: .number, in: 0 ... .max, multipleOf: smallest)
    let byteCount = try fields.number(
      "size", fields.required("size"), as: .size, in: smallest ... .max, multipleOf: smallest)
    try place("iommu", at: start, byteCount: byteCount, fields.location, in: &placed)
    let range = try Self.range(
      DeviceAddress.self, "iommu", start, byteCount, highest: Self.highestAddress,
      fields.location)
    return BoardIOMMU(pageByteCounts: pages, range: range)
  }

  /// One size, or a list of them; smallest first.
  private func pageSizes(_ node: Node, _ fields: BoardFields) throws(BoardError) -> [UInt64] {
    let nodes = node.scalar == nil ? try fields.list("pageSize", node) : [node]
    guard (1...8).contains(nodes.count) else {
      throw .outOfRange(
        key: "pageSize", value: UInt64(nodes.count), lowest: 1, highest: 8,
        at: fields.location(of: node))
    }
    var sizes: [UInt64] = []
    for node in nodes {
      let size = try fields.number("pageSize", node, as: .size, in: 4096...(1 << 30))
      guard size.nonzeroBitCount == 1 else {
        throw .notPowerOfTwo(key: "pageSize", value: size, at: fields.location(of: node))
      }
      if !sizes.contains(size) { sizes.append(size) }
    }
    return sizes.sorted()
  }

  func regions(_ node: Node, of board: Board) throws(BoardError) -> [BoardRegion] {
    var regions: [BoardRegion] = []
    var seen: [Placed] = []
    var physical: [Placed] = []
    for node in try root.list("regions", node) {
      let known = ["name", "da", "size"] + (board.iommu == nil ? [] : ["pa"])
      let fields = try root.fields("region", node, known: known)
      let name = try fields.name("name")
      guard !regions.contains(where: { $0.name == name }) else {
        throw .duplicateName(name, at: fields.location)
      }
      let byteCount = try fields.number(
        "size", fields.required("size"), as: .size, in: 4096...(1 << 40), multipleOf: 4096)
      var region = BoardRegion(name: name, byteCount: byteCount)
      if let node = board.iommu == nil ? try fields.required("da") : fields.optional("da") {
        region.da = DeviceAddress(rawValue: try address("da", node, fields))
      }
      if let node = fields.optional("pa") {
        region.pa = PhysicalAddress(
          rawValue: try fields.number("pa", node, as: .number, in: 0 ... .max, multipleOf: 4096))
      }
      if let da = region.da {
        try place(name, at: da.rawValue, byteCount: byteCount, fields.location, in: &seen)
      }
      if let pa = region.pa {
        try place(
          "\(name) (pa)", at: pa.rawValue, byteCount: byteCount, highest: Self.highestPA,
          fields.location, in: &physical)
      }
      guard board.contains(region) else {
        throw .outsideMemory(part: name, at: fields.location)
      }
      regions.append(region)
    }
    return regions
  }
}

extension Board {
  /// Whether `region` can be had: inside one memory, and where the core can see it.
  fileprivate func contains(_ region: BoardRegion) -> Bool {
    guard let iommu else {
      return memory.contains { memory in
        guard let da = memory.da, let place = region.da,
          let range = AddressRange(start: da, byteCount: memory.byteCount)
        else { return false }
        return range.offset(of: place, byteCount: region.byteCount) != nil
      }
    }
    if let da = region.da, iommu.range.offset(of: da, byteCount: region.byteCount) == nil {
      return false
    }
    return memory.contains { memory in
      guard let pa = region.pa else {
        return memory.holdsCarveouts && region.byteCount <= memory.byteCount
      }
      let range = AddressRange(start: memory.pa, byteCount: memory.byteCount)
      return range?.offset(of: pa, byteCount: region.byteCount) != nil
    }
  }
}

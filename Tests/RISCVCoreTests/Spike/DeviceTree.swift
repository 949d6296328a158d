/// A flattened device tree under construction: just enough to describe one core to Spike.
///
/// Spike would call the device tree compiler otherwise, which few machines have.
struct DeviceTree {
  private var structure: [UInt8] = []
  private var strings: [UInt8] = []

  /// One RV32 hart without memory protection, and nothing else.
  static func oneHart(isa: String) -> [UInt8] {
    var tree = DeviceTree()
    tree.node("") { tree in
      tree.property("#address-cells", [0, 0, 0, 2])
      tree.property("#size-cells", [0, 0, 0, 2])
      tree.node("cpus") { tree in
        tree.property("#address-cells", [0, 0, 0, 1])
        tree.property("#size-cells", [0, 0, 0, 0])
        tree.node("cpu@0") { tree in
          tree.property("device_type", Array("cpu\0".utf8))
          tree.property("reg", [0, 0, 0, 0])
          tree.property("status", Array("okay\0".utf8))
          tree.property("compatible", Array("riscv\0".utf8))
          tree.property("riscv,isa", Array("\(isa)\0".utf8))
          tree.property("mmu-type", Array("riscv,sv32\0".utf8))
          tree.property("riscv,pmpregions", [0, 0, 0, 0])
          tree.property("riscv,pmpgranularity", [0, 0, 0, 4])
        }
      }
    }
    return tree.blob
  }

  private mutating func node(_ name: String, _ body: (inout DeviceTree) -> Void) {
    structure += Self.big(1) + Array(name.utf8) + [0]
    pad()
    body(&self)
    structure += Self.big(2)
  }

  private mutating func property(_ name: String, _ value: [UInt8]) {
    structure += Self.big(3) + Self.big(value.count) + Self.big(strings.count) + value
    strings += Array(name.utf8) + [0]
    pad()
  }

  private mutating func pad() {
    while structure.count % 4 != 0 { structure.append(0) }
  }

  private var blob: [UInt8] {
    let body = structure + Self.big(9)
    let start = 56
    let header = [
      0xd00d_feed, start + body.count + strings.count, start, start + body.count, 40, 17, 16, 0,
      strings.count, body.count,
    ]
    return header.flatMap(Self.big) + [UInt8](repeating: 0, count: 16) + body + strings
  }

  private static func big(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }
}

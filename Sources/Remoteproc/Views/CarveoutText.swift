import WireTypes

/// The text of `carveout_memories`.
struct CarveoutText {
  let bytes: [UInt8]

  /// Describes `carveouts` in their order.
  init(_ carveouts: [Carveout]) {
    var text = ViewText()
    for carveout in carveouts {
      text.line("Carveout memory entry:")
      text.line("\tName: ", carveout.name.bytes)
      // Where the host has it is nobody's business: Linux gives zeros to who may not know.
      text.line("\tVirtual address: \(ViewText.noPointer)")
      text.line("\tDMA address: 0x\(ViewText.padded(carveout.pa?.rawValue ?? 0))")
      text.line("\tDevice address: 0x\(ViewText.hex(carveout.da.rawValue & 0xffff_ffff))")
      text.line("\tLength: 0x\(ViewText.hex(carveout.byteCount)) Bytes")
      text.line()
    }
    bytes = text.bytes
  }
}

import CoreSupport

// What is too long for the loop.
extension HotLoop {
  /// Whether `result` sets no flag that is not set, and no mode of FPSCR has a say in it.
  @inline(__always)
  func isPlain(_ result: Float, _ x: RegisterFile) -> Bool {
    x[RegisterFile.floatStatus] & 0x03c0_0010 == 0x10
      && (result.bitPattern & 0x7fff_ffff) &- 0x0080_0001 < 0x7f80_0000 - 0x0080_0001
  }

  /// Executes an instruction that neither faults nor leaves its place.
  @inline(never)
  func help(_ i: ThumbInstruction, _ x: RegisterFile) {
    switch i.operation {
    case .dataImmediate, .dataRegister, .shiftRegister: DataProcessing.execute(i, x)
    case .vfp: FloatExecution.execute(i, x)
    default: _ = DataProcessing.executeOther(i, x)
    }
  }

  /// Where the words of a multiple access begin, and the base behind it.
  @inline(__always)
  func range(_ i: Record, _ x: RegisterFile) -> (start: UInt32, end: UInt32) {
    let base = x[i.rs1]
    let byteCount = UInt32(i.rs2)
    let isDownwards = i.rd & 2 != 0
    let start = isDownwards ? base &- byteCount : base
    return (start, isDownwards ? start : base &+ byteCount)
  }

  @inline(never)
  func loadMultiple(_ i: Record, _ x: RegisterFile, _ memory: MemoryWindow) -> Bool {
    let (start, end) = range(i, x)
    guard memory.isInside(start, wordCount: UInt32(i.rs2) >> 2) else { return false }
    var address = start
    var list = i.immediate
    while list != 0 {
      let number = UInt8(truncatingIfNeeded: list.trailingZeroBitCount)
      list &= list &- 1
      x[number] = memory.loadWord(address) ?? 0
      address = address &+ 4
    }
    if i.rd & 1 != 0 { x[i.rs1] = end }
    return true
  }

  /// Loads several registers, and the program counter last; `nil` when that is no plain return.
  @inline(never)
  func loadReturn(_ i: Record, _ x: RegisterFile, _ memory: MemoryWindow) -> UInt32? {
    let (start, _) = range(i, x)
    let wordCount = UInt32(i.rs2) >> 2
    guard memory.isInside(start, wordCount: wordCount),
      let target = memory.loadWord(start &+ 4 &* (wordCount &- 1)), target & 1 == 1,
      target < 0xf000_0000, loadMultiple(i, x, memory)
    else { return nil }
    return target
  }

  @inline(never)
  func storeMultiple(_ i: Record, _ x: RegisterFile, _ memory: MemoryWindow) -> Bool {
    let (start, end) = range(i, x)
    guard memory.isPlain(start, wordCount: UInt32(i.rs2) >> 2) else { return false }
    var address = start
    var list = i.immediate
    while list != 0 {
      let number = UInt8(truncatingIfNeeded: list.trailingZeroBitCount)
      list &= list &- 1
      _ = memory.store(word: x[number], at: address)
      address = address &+ 4
    }
    if i.rd & 1 != 0 { x[i.rs1] = end }
    return true
  }
}

extension MemoryWindow {
  /// Whether `wordCount` words from `address` on, at most 16, are aligned and inside.
  func isInside(_ address: UInt32, wordCount: UInt32) -> Bool {
    let offset = address &- base
    return address & 3 == 0 && offset < byteCount && byteCount &- offset >= 4 &* wordCount
  }

  /// The same, and no code was translated from there.
  @inline(__always)
  func isPlain(_ address: UInt32, wordCount: UInt32) -> Bool {
    guard isInside(address, wordCount: wordCount) else { return false }
    let offset = address &- base
    return !isCode(offset) && !isCode(offset &+ 4 &* (wordCount &- 1))
  }
}

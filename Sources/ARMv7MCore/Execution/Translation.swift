import CoreSupport
import WireTypes

/// The translation of one block, from bytes in memory to records.
struct Translation {
  /// A decoded instruction in its place.
  struct Placed {
    var instruction: ThumbInstruction
    let pc: UInt32
    /// ITSTATE before it; 0 outside IT blocks.
    let state: UInt8
    /// The flags that somebody reads after it, of those it writes.
    var live = FlagUse.all
    /// Of a conditional branch: nobody reads the flags after it, here or there.
    var isLastReader = false

    var following: UInt32 { pc &+ UInt32(instruction.byteCount) }
    /// Whether it is executed on a condition of an IT block.
    var isConditional: Bool { state != 0 && state >> 4 < 14 }
  }

  /// Instructions behind a branch that were looked at.
  struct Look {
    let pc: UInt32
    let byteCount: UInt32
  }

  let start: UInt32
  let context: TranslationContext
  var instructions: [Placed] = []
  var looks: [Look] = []

  init(pc: UInt32, _ context: TranslationContext) {
    start = pc
    self.context = context
  }

  /// Decodes from the start on, up to an instruction that ends a block.
  mutating func decode(
    _ memory: borrowing CoreMemory, _ window: MemoryWindow, mayFetch: (UInt32) -> Bool
  ) {
    var address = start
    var state: UInt8 = 0
    while instructions.count < BlockCache.maximumLength, window.contains(address) {
      guard mayFetch(address),
        let instruction = Self.fetch(address, memory, inIT: state != 0, mayFetch)
      else { break }
      // An IT block is never cut in two.
      if instruction.operation == .it, instructions.count + 5 > BlockCache.maximumLength { break }
      let placed = Placed(instruction: instruction, pc: address, state: state)
      instructions.append(placed)
      address = placed.following
      if instruction.operation == .it {
        state = UInt8(truncatingIfNeeded: instruction.immediate)
      } else {
        state = state == 0 ? 0 : ARMv7MProcessor.advanced(state)
      }
      if placed.endsBlock { break }
    }
    // What could not be fetched must not lie inside an IT block either.
    while let last = instructions.last, state != 0, !last.endsBlock {
      instructions.removeLast()
      if last.instruction.operation == .it { state = 0 }
    }
  }

  private static func fetch(
    _ address: UInt32, _ memory: borrowing CoreMemory, inIT: Bool, _ mayFetch: (UInt32) -> Bool
  ) -> ThumbInstruction? {
    guard let first = memory.fetchHalf(address) else { return nil }
    guard ThumbInstruction.isWide(first) else {
      return ThumbInstruction(decoding: first, 0, inIT: inIT)
    }
    guard mayFetch(address &+ 2), let second = memory.fetchHalf(address &+ 2) else { return nil }
    return ThumbInstruction(decoding: first, second, inIT: inIT)
  }

  /// Finds out which flags somebody reads, from the end backwards.
  mutating func findFlags(_ memory: borrowing CoreMemory) {
    var live = FlagUse.all
    for index in instructions.indices.reversed() {
      let placed = instructions[index]
      let i = placed.instruction
      instructions[index].live = live
      if i.operation == .branch || i.operation == .cbz || i.operation == .cbnz {
        let target = (placed.pc &+ 4) &+ i.immediate
        let isLast = index == instructions.count - 1
        let isAlways = i.operation == .branch && i.condition == 14 && !placed.isConditional
        let there = liveFlags(at: target, memory)
        live = isAlways ? there : (isLast ? FlagUse.all : live) | there
        instructions[index].isLastReader = live == 0
      }
      let use = FlagUse(i)
      if !placed.isConditional { live &= ~use.writes }
      live |= use.reads
      if placed.isConditional { live |= FlagUse.reads(placed.state >> 4) }
      if i.operation == .it { live |= FlagUse.reads(UInt8(truncatingIfNeeded: i.immediate >> 4)) }
    }
  }

  /// The flags that the program at `address` reads before it writes them, as far as is easily seen.
  private mutating func liveFlags(at address: UInt32, _ memory: borrowing CoreMemory) -> UInt8 {
    var unknown = FlagUse.all
    var read: UInt8 = 0
    var next = address
    for _ in 0..<6 where unknown != 0 {
      guard let i = Self.fetch(next, memory, inIT: false, { _ in true }) else { return FlagUse.all }
      let use = FlagUse(i)
      read |= use.reads & unknown
      unknown &= ~use.writes & ~read
      next = next &+ UInt32(i.byteCount)
      switch i.operation {
      case .branch, .branchLink, .bx, .blx, .cbz, .cbnz, .tableBranch, .it:
        looks.append(Look(pc: address, byteCount: next &- address))
        return read | unknown
      default: break
      }
    }
    looks.append(Look(pc: address, byteCount: next &- address))
    return read | unknown
  }

  // MARK: Records

  /// Writes the block to `records` from `header` on; gives the index of its end.
  func emit(
    to records: borrowing OwnedBuffer<Record>, _ header: Int,
    _ helpers: borrowing OwnedBuffer<ThumbInstruction>, _ usedHelpers: inout Int
  ) -> Int {
    var next = header + 1
    var canFuse = false
    var run = 0
    for index in instructions.indices {
      let placed = instructions[index]
      if placed.isConditional, run == 0, placed.state != 0 {
        // A new run with another condition.
        run = runLength(from: index)
        if index > 0, instructions[index - 1].instruction.operation != .it {
          records[next] = Record(
            operation: .skip, rd: UInt8(run), rs2: placed.state >> 4, pc: placed.pc)
          next += 1
          canFuse = false
        }
      }
      var record = Specializer(placed, context).record()
      if record.operation == .helper || record.operation == .floatHelper
        || record.operation.needsHelper
      {
        helpers[usedHelpers] = placed.instruction
        record.link = UInt32(usedHelpers)
        usedHelpers += 1
      }
      if placed.instruction.operation == .it { record = skip(index) }
      records[next] = record
      if canFuse, run == 0 { canFuse = !fuse(records, next, index) } else { canFuse = run == 0 }
      if run > 0 { run -= 1 }
      next += 1
    }
    let end = instructions[instructions.count - 1].following
    records[header] = Record(
      operation: .header, rd: UInt8(next - header),
      immediate: UInt32(instructions.count * Record.byteCount), pc: start)
    records[next] = Record(operation: .end, immediate: end, pc: end)
    return next
  }

  /// How many instructions from `index` on share its condition and leave the flags alone before.
  private func runLength(from index: Int) -> Int {
    let condition = instructions[index].state >> 4
    var count = 0
    for placed in instructions[index...] {
      guard placed.state != 0, placed.state >> 4 == condition else { break }
      count += 1
      if placed.changesFlags { break }
    }
    return count
  }

  /// The record of the IT instruction at `index`: jumps over the first run.
  private func skip(_ index: Int) -> Record {
    let placed = instructions[index]
    let state = UInt8(truncatingIfNeeded: placed.instruction.immediate)
    guard index + 1 < instructions.count, state >> 4 < 14 else {
      return Record(operation: .nop, rs1: state, pc: placed.pc)
    }
    let operation: HotOperation =
      switch state >> 4 {
      case 0: .itEq
      case 1: .itNe
      default: .it
      }
    return Record(
      operation: operation, rd: UInt8(runLength(from: index + 1)), rs1: state, rs2: state >> 4,
      pc: placed.pc)
  }

  /// Makes a pair of the record before `next` and this one, if there is such a pair.
  private func fuse(
    _ records: borrowing OwnedBuffer<Record>, _ next: Int, _ index: Int
  ) -> Bool {
    let (first, second) = (records[next - 1], records[next])
    let i = instructions[index].instruction
    let previous = instructions[index - 1]
    if i.operation == .branch, i.condition < 14, let condition = HotCondition(rawValue: i.condition)
    {
      guard instructions[index].isLastReader else { return false }
      if let pair = first.operation.comparing(condition) {
        records[next - 1].operation = pair
        return true
      }
      if first.rd == RegisterFile.z, let compare = first.operation.comparison {
        // The branch stands right behind it: one record does both.
        records[next - 1].operation = compare.comparing(condition) ?? first.operation
        if compare == .cmpI { records[next - 1].immediate = 0 &- first.immediate }
        return true
      }
      if first.rd == RegisterFile.z, previous.instruction.isComparison, let test = condition.test {
        records[next].operation = test
        records[next].rs1 = RegisterFile.z
        return fuseTest(records, next)
      }
      guard previous.instruction.setsFlags || previous.instruction.operation == .mul,
        let plain = first.operation.withoutFlags, let test = condition.test
      else { return false }
      records[next - 1].operation = plain
      if first.rd == RegisterFile.sink { records[next - 1].rd = RegisterFile.temporary }
      records[next].operation = test
      records[next].rs1 = records[next - 1].rd
      return fuseTest(records, next)
    }
    if second.operation == .cbz || second.operation == .cbnz { return fuseTest(records, next) }
    if first.operation == .addI, second.operation == .b {
      records[next - 1].operation = .addIB
      return true
    }
    if first.operation == .movI, second.operation == .movt, first.rd == second.rd {
      records[next - 1].operation = .movIMovt
      records[next - 1].immediate = first.immediate & 0xffff | second.immediate
      return true
    }
    return false
  }

  private func fuseTest(_ records: borrowing OwnedBuffer<Record>, _ next: Int) -> Bool {
    let (first, second) = (records[next - 1], records[next])
    guard first.rd == second.rs1 else { return false }
    let pair: HotOperation? =
      switch (first.operation, second.operation) {
      case (.addI, .cbz): .addICbz
      case (.addI, .cbnz): .addICbnz
      case (.andI, .cbz): .andICbz
      case (.andI, .cbnz): .andICbnz
      default: nil
      }
    guard let pair else { return false }
    records[next - 1].operation = pair
    return true
  }
}

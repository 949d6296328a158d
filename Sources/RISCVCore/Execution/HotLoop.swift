import CoreSupport
import Synchronization

/// Why the hot loop stopped, and at which record.
struct Stop {
  enum Reason {
    /// The record was executed (an end record passed); the program goes on at ``target``, whose
    /// block is unknown, stale, or too long for the deadline.
    case left
    /// The record was not executed: it needs the general path.
    case general
    /// The record, a store to ``target``, was executed and may have hit translated code.
    case wroteNearCode
  }

  let reason: Reason
  let index: Int
  let target: UInt32
}

/// The loop that executes translated blocks.
///
/// It holds all the pointers in local constants. Steps are counted in units of a record's 16 bytes:
/// steps before a record = `bias` + the record's host address, so that walking through a block
/// counts nothing, and entering one needs a single comparison with the deadline, which a stale
/// block and an unknown one (record 0) never pass.
struct HotLoop {
  let registers: RegisterFile
  let memory: MemoryWindow
  let lines: RISCVInterruptLines

  /// Executes from record `index` on, until something is not simple.
  ///
  /// On entry and on return, `steps` is the number of steps before record `index`, or, for
  /// ``Stop/Reason/left`` and ``Stop/Reason/wroteNearCode``, including the record.
  func run(_ cache: borrowing BlockCache, from index: Int, steps: inout UInt64) -> Stop {
    let x = registers
    let memory = memory
    // SAFETY: links, table entries and `index` are all indices of headers or records that the cache
    // made; every block ends in an `end` record, so `record` never leaves the buffer.
    let records = unsafe cache.records.base
    let entries = unsafe cache.entries.base
    var record = unsafe records + index
    var bias = unsafe steps &* 16 &- address(record)
    while true {
      var link: UInt32
      var target: UInt32
      block: while true {
        let i = unsafe record.pointee
        switch i.operation {
        case .lui, .auipc: x[i.rd] = i.target
        case .addi: x[i.rd] = x[i.rs1] &+ i.target
        case .slti: x[i.rd] = x.signed(i.rs1) < i.immediate ? 1 : 0
        case .sltiu: x[i.rd] = x[i.rs1] < i.target ? 1 : 0
        case .xori: x[i.rd] = x[i.rs1] ^ i.target
        case .ori: x[i.rd] = x[i.rs1] | i.target
        case .andi: x[i.rd] = x[i.rs1] & i.target
        case .slli: x[i.rd] = x[i.rs1] &<< i.target
        case .srli: x[i.rd] = x[i.rs1] &>> i.target
        case .srai: x[i.rd] = UInt32(bitPattern: x.signed(i.rs1) &>> i.immediate)
        case .add: x[i.rd] = x[i.rs1] &+ x[i.rs2]
        case .sub: x[i.rd] = x[i.rs1] &- x[i.rs2]
        case .sll: x[i.rd] = x[i.rs1] &<< x[i.rs2]
        case .slt: x[i.rd] = x.signed(i.rs1) < x.signed(i.rs2) ? 1 : 0
        case .sltu: x[i.rd] = x[i.rs1] < x[i.rs2] ? 1 : 0
        case .xor: x[i.rd] = x[i.rs1] ^ x[i.rs2]
        case .srl: x[i.rd] = x[i.rs1] &>> x[i.rs2]
        case .sra: x[i.rd] = UInt32(bitPattern: x.signed(i.rs1) &>> x.signed(i.rs2))
        case .or: x[i.rd] = x[i.rs1] | x[i.rs2]
        case .and: x[i.rd] = x[i.rs1] & x[i.rs2]
        case .mul: x[i.rd] = x[i.rs1] &* x[i.rs2]
        case .mulh: x[i.rd] = Arithmetic.mulh(x[i.rs1], x[i.rs2])
        case .mulhsu: x[i.rd] = Arithmetic.mulhsu(x[i.rs1], x[i.rs2])
        case .mulhu: x[i.rd] = Arithmetic.mulhu(x[i.rs1], x[i.rs2])
        case .div: x[i.rd] = Arithmetic.div(x[i.rs1], x[i.rs2])
        case .divu: x[i.rd] = Arithmetic.divu(x[i.rs1], x[i.rs2])
        case .rem: x[i.rd] = Arithmetic.rem(x[i.rs1], x[i.rs2])
        case .remu: x[i.rd] = Arithmetic.remu(x[i.rs1], x[i.rs2])

        case .lb:
          guard let value = memory.loadByte(x[i.rs1] &+ i.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int8(bitPattern: value)))
        case .lh:
          guard let value = memory.loadHalf(x[i.rs1] &+ i.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int16(bitPattern: value)))
        case .lw:
          guard let value = memory.loadWord(x[i.rs1] &+ i.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = value
        case .lbu:
          guard let value = memory.loadByte(x[i.rs1] &+ i.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)
        case .lhu:
          guard let value = memory.loadHalf(x[i.rs1] &+ i.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)

        case .sb:
          let address = x[i.rs1] &+ i.target
          let outcome = memory.store(byte: UInt8(truncatingIfNeeded: x[i.rs2]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .sh:
          let address = x[i.rs1] &+ i.target
          let outcome = memory.store(half: UInt16(truncatingIfNeeded: x[i.rs2]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .sw:
          let address = x[i.rs1] &+ i.target
          let outcome = memory.store(word: x[i.rs2], at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }

        case .beq:
          if x[i.rs1] == x[i.rs2] {
            (link, target) = (i.link, i.target)
            break block
          }
        case .bne:
          if x[i.rs1] != x[i.rs2] {
            (link, target) = (i.link, i.target)
            break block
          }
        case .blt:
          if x.signed(i.rs1) < x.signed(i.rs2) {
            (link, target) = (i.link, i.target)
            break block
          }
        case .bge:
          if x.signed(i.rs1) >= x.signed(i.rs2) {
            (link, target) = (i.link, i.target)
            break block
          }
        case .bltu:
          if x[i.rs1] < x[i.rs2] {
            (link, target) = (i.link, i.target)
            break block
          }
        case .bgeu:
          if x[i.rs1] >= x[i.rs2] {
            (link, target) = (i.link, i.target)
            break block
          }
        case .jal:
          x[i.rd] = unsafe record[1].pc
          (link, target) = (i.link, i.target)
          break block
        case .jalr:
          target = (x[i.rs1] &+ i.target) & ~1
          x[i.rd] = unsafe record[1].pc
          let entry = unsafe entries[BlockCache.place(target)]
          link = entry.key == target &+ 1 ? entry.header : 0
          break block
        case .end:
          // No instruction: the step that leaving a record counts is taken back.
          bias = bias &- 16
          (link, target) = (i.link, i.target)
          break block

        // Pairs: the second record is the one at which the loop stops or leaves.
        case .addiBeq:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] == x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addiBne:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] != x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addiBlt:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x.signed(j.rs1) < x.signed(j.rs2) {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addiBge:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x.signed(j.rs1) >= x.signed(j.rs2) {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addiBltu:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] < x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addiBgeu:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] >= x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .andiBeq:
          x[i.rd] = x[i.rs1] & i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] == x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .andiBne:
          x[i.rd] = x[i.rs1] & i.target
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] != x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addBltu:
          x[i.rd] = x[i.rs1] &+ x[i.rs2]
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] < x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .addBne:
          x[i.rd] = x[i.rs1] &+ x[i.rs2]
          unsafe record += 1
          let j = unsafe record.pointee
          if x[j.rs1] != x[j.rs2] {
            (link, target) = (j.link, j.target)
            break block
          }
        case .slliAdd:
          x[i.rd] = x[i.rs1] &<< i.target
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = x[j.rs1] &+ x[j.rs2]
        case .addLw:
          x[i.rd] = x[i.rs1] &+ x[i.rs2]
          unsafe record += 1
          let j = unsafe record.pointee
          guard let value = memory.loadWord(x[j.rs1] &+ j.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[j.rd] = value
        case .addLbu:
          x[i.rd] = x[i.rs1] &+ x[i.rs2]
          unsafe record += 1
          let j = unsafe record.pointee
          guard let value = memory.loadByte(x[j.rs1] &+ j.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[j.rd] = UInt32(value)
        case .addiAddi:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = x[j.rs1] &+ j.target
        case .addiLw:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          guard let value = memory.loadWord(x[j.rs1] &+ j.target) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[j.rd] = value
        case .addiSw:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          let address = x[j.rs1] &+ j.target
          let outcome = memory.store(word: x[j.rs2], at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .addiJal:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = unsafe record[1].pc
          (link, target) = (j.link, j.target)
          break block
        case .srliXor:
          x[i.rd] = x[i.rs1] &>> i.target
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = x[j.rs1] ^ x[j.rs2]
        case .addiAdd:
          x[i.rd] = x[i.rs1] &+ i.target
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = x[j.rs1] &+ x[j.rs2]
        case .addAddi:
          x[i.rd] = x[i.rs1] &+ x[i.rs2]
          unsafe record += 1
          let j = unsafe record.pointee
          x[j.rd] = x[j.rs1] &+ j.target

        case .fence:
          // ORDERING: [RISCV-UNPRIV] §2.7 orders all accesses before against all after.
          atomicMemoryFence(ordering: .sequentiallyConsistent)
        case .fenceI, .ecall, .ebreak, .mret, .wfi, .illegal, .header,
          .csrrw, .csrrs, .csrrc, .csrrwi, .csrrsi, .csrrci,
          .lrW, .scW, .amoswapW, .amoaddW, .amoxorW, .amoandW, .amoorW,
          .amominW, .amomaxW, .amominuW, .amomaxuW:
          return unsafe stop(.general, record, records, bias, &steps)
        }
        unsafe record += 1
      }

      let header = unsafe records + Int(link)
      let now = unsafe bias &+ address(record) &+ 16
      let reach = unsafe UInt64(truncatingIfNeeded: header.pointee.immediate)
      // ORDERING: relaxed; whoever stores 0 is answered soon, not at an exact instruction.
      if now &+ reach > lines.deadline.load(ordering: .relaxed) {
        steps = now &>> 4
        return unsafe Stop(reason: .left, index: record - records, target: target)
      }
      unsafe record = header + 1
      bias = unsafe now &- address(record)
    }
  }

  /// The host address of a record, the unit of counting.
  @inline(__always)
  private func address(_ record: UnsafeMutablePointer<Record>) -> UInt64 {
    UInt64(truncatingIfNeeded: UInt(bitPattern: record))
  }

  /// Stops at a record that is not executed.
  private func stop(
    _ reason: Stop.Reason, _ record: UnsafeMutablePointer<Record>,
    _ records: UnsafeMutablePointer<Record>, _ bias: UInt64, _ steps: inout UInt64
  ) -> Stop {
    steps = unsafe (bias &+ address(record)) &>> 4
    return unsafe Stop(reason: reason, index: record - records, target: 0)
  }

  /// Stops at a store that missed, or that was executed and hit a line of code.
  private func stop(
    _ outcome: MemoryWindow.StoreOutcome, _ target: UInt32,
    _ record: UnsafeMutablePointer<Record>, _ records: UnsafeMutablePointer<Record>,
    _ bias: UInt64, _ steps: inout UInt64
  ) -> Stop {
    let missed = outcome == .missed
    steps = unsafe (bias &+ address(record) &+ (missed ? 0 : 16)) &>> 4
    return unsafe Stop(
      reason: missed ? .general : .wroteNearCode, index: record - records, target: target)
  }
}

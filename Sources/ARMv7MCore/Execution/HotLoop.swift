import CoreSupport
import Synchronization

/// The loop that executes translated blocks.
///
/// It holds all the pointers in local constants. Steps are counted in units of a record's 16 bytes:
/// steps before a record = `bias` + the record's host address, so that walking through a block
/// counts nothing, and entering one needs a single comparison with the deadline, which a stale
/// block and an unknown one (record 0) never pass.
struct HotLoop {
  let registers: RegisterFile
  let memory: MemoryWindow
  let lines: ARMv7MInterruptLines

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
        case .movI: x[i.rd] = i.immediate
        case .movR: x[i.rd] = x[i.rs1]
        case .mvnR: x[i.rd] = ~x[i.rs1]
        case .addI: x[i.rd] = x[i.rs1] &+ i.immediate
        case .addR: x[i.rd] = x[i.rs1] &+ x[i.rs2]
        case .addL: x[i.rd] = x[i.rs1] &+ (x[i.rs2] &<< i.immediate)
        case .addH: x[i.rd] = x[i.rs1] &+ (x[i.rs2] &>> i.immediate)
        case .addA:
          x[i.rd] =
            x[i.rs1] &+ UInt32(bitPattern: x.signed(i.rs2) &>> Int32(bitPattern: i.immediate))
        case .subR: x[i.rd] = x[i.rs1] &- x[i.rs2]
        case .subL: x[i.rd] = x[i.rs1] &- (x[i.rs2] &<< i.immediate)
        case .subH: x[i.rd] = x[i.rs1] &- (x[i.rs2] &>> i.immediate)
        case .subA:
          x[i.rd] =
            x[i.rs1] &- UInt32(bitPattern: x.signed(i.rs2) &>> Int32(bitPattern: i.immediate))
        case .rsbI: x[i.rd] = i.immediate &- x[i.rs1]
        case .rsbL: x[i.rd] = (x[i.rs2] &<< i.immediate) &- x[i.rs1]
        case .andI: x[i.rd] = x[i.rs1] & i.immediate
        case .andR: x[i.rd] = x[i.rs1] & x[i.rs2]
        case .andL: x[i.rd] = x[i.rs1] & (x[i.rs2] &<< i.immediate)
        case .andH: x[i.rd] = x[i.rs1] & (x[i.rs2] &>> i.immediate)
        case .bicR: x[i.rd] = x[i.rs1] & ~(x[i.rs2])
        case .bicL: x[i.rd] = x[i.rs1] & ~(x[i.rs2] &<< i.immediate)
        case .orrI: x[i.rd] = x[i.rs1] | i.immediate
        case .orrR: x[i.rd] = x[i.rs1] | x[i.rs2]
        case .orrL: x[i.rd] = x[i.rs1] | (x[i.rs2] &<< i.immediate)
        case .orrH: x[i.rd] = x[i.rs1] | (x[i.rs2] &>> i.immediate)
        case .orrA:
          x[i.rd] =
            x[i.rs1] | UInt32(bitPattern: x.signed(i.rs2) &>> Int32(bitPattern: i.immediate))
        case .ornR: x[i.rd] = x[i.rs1] | ~(x[i.rs2])
        case .eorI: x[i.rd] = x[i.rs1] ^ i.immediate
        case .eorR: x[i.rd] = x[i.rs1] ^ x[i.rs2]
        case .eorL: x[i.rd] = x[i.rs1] ^ (x[i.rs2] &<< i.immediate)
        case .eorH: x[i.rd] = x[i.rs1] ^ (x[i.rs2] &>> i.immediate)
        case .eorA:
          x[i.rd] =
            x[i.rs1] ^ UInt32(bitPattern: x.signed(i.rs2) &>> Int32(bitPattern: i.immediate))
        case .lslI: x[i.rd] = x[i.rs1] &<< i.immediate
        case .lsrI: x[i.rd] = x[i.rs1] &>> i.immediate
        case .asrI:
          x[i.rd] = UInt32(bitPattern: x.signed(i.rs1) &>> Int32(bitPattern: i.immediate))
        case .rorI: x[i.rd] = x[i.rs1] &>> i.immediate | x[i.rs1] &<< (0 &- i.immediate)
        case .lslR:
          let distance = x[i.rs2] & 0xff
          x[i.rd] = distance < 32 ? x[i.rs1] &<< distance : 0
        case .lsrR:
          let distance = x[i.rs2] & 0xff
          x[i.rd] = distance < 32 ? x[i.rs1] &>> distance : 0
        case .asrR:
          let distance = min(x[i.rs2] & 0xff, 31)
          x[i.rd] = UInt32(bitPattern: x.signed(i.rs1) &>> Int32(bitPattern: distance))
        case .adcR: x[i.rd] = x[i.rs1] &+ x[i.rs2] &+ x[RegisterFile.c]
        case .sbcR: x[i.rd] = x[i.rs1] &- x[i.rs2] &- (1 &- x[RegisterFile.c])
        case .adcI: x[i.rd] = x[i.rs1] &+ i.immediate &+ x[RegisterFile.c]
        case .addsI: x[i.rd] = x.adding(x[i.rs1], i.immediate)
        case .addsR: x[i.rd] = x.adding(x[i.rs1], x[i.rs2])
        case .subsI: x[i.rd] = x.subtracting(x[i.rs1], i.immediate)
        case .subsR: x[i.rd] = x.subtracting(x[i.rs1], x[i.rs2])
        case .rsbsI: x[i.rd] = x.subtracting(i.immediate, x[i.rs1])
        case .cmpI: _ = x.subtracting(x[i.rs1], i.immediate)
        case .cmpR: _ = x.subtracting(x[i.rs1], x[i.rs2])
        case .movsI:
          let result = i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .movsR:
          let result = x[i.rs1]
          x[i.rd] = result
          x.setNZ(result)
        case .mvnsR:
          let result = ~x[i.rs1]
          x[i.rd] = result
          x.setNZ(result)
        case .andsI:
          let result = x[i.rs1] & i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .andsR:
          let result = x[i.rs1] & x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .bicsR:
          let result = x[i.rs1] & ~x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .orrsR:
          let result = x[i.rs1] | x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .orrsI:
          let result = x[i.rs1] | i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .eorsR:
          let result = x[i.rs1] ^ x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .eorsI:
          let result = x[i.rs1] ^ i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .addNZI:
          let result = x[i.rs1] &+ i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .addNZR:
          let result = x[i.rs1] &+ x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .subNZR:
          let result = x[i.rs1] &- x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .lslNZI:
          let result = x[i.rs1] &<< i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .lsrNZI:
          let result = x[i.rs1] &>> i.immediate
          x[i.rd] = result
          x.setNZ(result)
        case .asrNZI:
          let result = UInt32(bitPattern: x.signed(i.rs1) &>> Int32(bitPattern: i.immediate))
          x[i.rd] = result
          x.setNZ(result)
        case .lslsI:
          let value = x[i.rs1]
          let result = value &<< i.immediate
          x[RegisterFile.c] = value &>> (32 &- i.immediate) & 1
          x[i.rd] = result
          x.setNZ(result)
        case .lsrsI:
          let value = x[i.rs1]
          let result = value &>> i.immediate
          x[RegisterFile.c] = value &>> (i.immediate &- 1) & 1
          x[i.rd] = result
          x.setNZ(result)
        case .asrsI:
          let value = x.signed(i.rs1)
          let result = UInt32(bitPattern: value &>> Int32(bitPattern: i.immediate))
          x[RegisterFile.c] = UInt32(bitPattern: value &>> Int32(bitPattern: i.immediate &- 1)) & 1
          x[i.rd] = result
          x.setNZ(result)
        case .mul: x[i.rd] = x[i.rs1] &* x[i.rs2]
        case .muls:
          let result = x[i.rs1] &* x[i.rs2]
          x[i.rd] = result
          x.setNZ(result)
        case .mla:
          x[i.rd] = x[UInt8(truncatingIfNeeded: i.immediate)] &+ x[i.rs1] &* x[i.rs2]
        case .mls:
          x[i.rd] = x[UInt8(truncatingIfNeeded: i.immediate)] &- x[i.rs1] &* x[i.rs2]
        case .umull:
          let product = UInt64(x[i.rs1]) &* UInt64(x[i.rs2])
          x[UInt8(truncatingIfNeeded: i.immediate)] = UInt32(truncatingIfNeeded: product)
          x[i.rd] = UInt32(truncatingIfNeeded: product &>> 32)
        case .smull:
          let product = Int64(x.signed(i.rs1)) &* Int64(x.signed(i.rs2))
          x[UInt8(truncatingIfNeeded: i.immediate)] = UInt32(truncatingIfNeeded: product)
          x[i.rd] = UInt32(truncatingIfNeeded: product &>> 32)
        case .umlal:
          let old = UInt64(x[i.rd]) &<< 32 | UInt64(x[UInt8(truncatingIfNeeded: i.immediate)])
          let sum = old &+ UInt64(x[i.rs1]) &* UInt64(x[i.rs2])
          x[UInt8(truncatingIfNeeded: i.immediate)] = UInt32(truncatingIfNeeded: sum)
          x[i.rd] = UInt32(truncatingIfNeeded: sum &>> 32)
        case .udiv:
          let divisor = x[i.rs2]
          guard divisor != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = x[i.rs1] / divisor
        case .sdiv:
          let divisor = x[i.rs2]
          guard divisor != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = DataProcessing.divide(x[i.rs1], divisor, isSigned: true)
        case .ubfx: x[i.rd] = (x[i.rs1] &<< (i.immediate &>> 8)) &>> i.immediate
        case .sbfx:
          let value = Int32(bitPattern: x[i.rs1] &<< (i.immediate &>> 8))
          x[i.rd] = UInt32(bitPattern: value &>> Int32(bitPattern: i.immediate))
        case .bfi:
          let mask = i.immediate
          x[i.rd] = x[i.rd] & ~mask | x[i.rs1] &<< UInt32(i.rs2) & mask
        case .uxtb: x[i.rd] = x[i.rs1] & 0xff
        case .uxth: x[i.rd] = x[i.rs1] & 0xffff
        case .sxtb: x[i.rd] = UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: x[i.rs1])))
        case .sxth:
          x[i.rd] = UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: x[i.rs1])))
        case .clz: x[i.rd] = UInt32(truncatingIfNeeded: x[i.rs1].leadingZeroBitCount)
        case .rev: x[i.rd] = x[i.rs1].byteSwapped
        case .movt: x[i.rd] = x[i.rd] & 0xffff | i.immediate
        case .ldrI:
          guard let value = memory.loadWord(x[i.rs1] &+ i.immediate) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = value
        case .ldrbI:
          guard let value = memory.loadByte(x[i.rs1] &+ i.immediate) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)
        case .ldrhI:
          guard let value = memory.loadHalf(x[i.rs1] &+ i.immediate) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)
        case .ldrsbI:
          guard let value = memory.loadByte(x[i.rs1] &+ i.immediate) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int8(bitPattern: value)))
        case .ldrshI:
          guard let value = memory.loadHalf(x[i.rs1] &+ i.immediate) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int16(bitPattern: value)))
        case .strI:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(word: x[i.rd], at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strbI:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(byte: UInt8(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strhI:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(half: UInt16(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .ldrR:
          guard let value = memory.loadWord(x[i.rs1] &+ (x[i.rs2] &<< i.immediate)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = value
        case .ldrbR:
          guard let value = memory.loadByte(x[i.rs1] &+ (x[i.rs2] &<< i.immediate)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)
        case .ldrhR:
          guard let value = memory.loadHalf(x[i.rs1] &+ (x[i.rs2] &<< i.immediate)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(value)
        case .ldrsbR:
          guard let value = memory.loadByte(x[i.rs1] &+ (x[i.rs2] &<< i.immediate)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int8(bitPattern: value)))
        case .ldrshR:
          guard let value = memory.loadHalf(x[i.rs1] &+ (x[i.rs2] &<< i.immediate)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = UInt32(bitPattern: Int32(Int16(bitPattern: value)))
        case .strR:
          let address = x[i.rs1] &+ (x[i.rs2] &<< i.immediate)
          let outcome = memory.store(word: x[i.rd], at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strbR:
          let address = x[i.rs1] &+ (x[i.rs2] &<< i.immediate)
          let outcome = memory.store(byte: UInt8(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strhR:
          let address = x[i.rs1] &+ (x[i.rs2] &<< i.immediate)
          let outcome = memory.store(half: UInt16(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .ldrPost:
          let address = x[i.rs1]
          guard let value = memory.loadWord(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          x[i.rd] = value
        case .ldrPre:
          let address = x[i.rs1] &+ i.immediate
          guard let value = memory.loadWord(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          x[i.rd] = value
        case .ldrbPost:
          let address = x[i.rs1]
          guard let value = memory.loadByte(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          x[i.rd] = UInt32(value)
        case .ldrbPre:
          let address = x[i.rs1] &+ i.immediate
          guard let value = memory.loadByte(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          x[i.rd] = UInt32(value)
        case .ldrhPost:
          let address = x[i.rs1]
          guard let value = memory.loadHalf(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          x[i.rd] = UInt32(value)
        case .ldrhPre:
          let address = x[i.rs1] &+ i.immediate
          guard let value = memory.loadHalf(address) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          x[i.rd] = UInt32(value)
        case .strPost:
          let address = x[i.rs1]
          let outcome = memory.store(word: x[i.rd], at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strPre:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(word: x[i.rd], at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strbPost:
          let address = x[i.rs1]
          let outcome = memory.store(byte: UInt8(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strbPre:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(byte: UInt8(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strhPost:
          let address = x[i.rs1]
          let outcome = memory.store(half: UInt16(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address &+ i.immediate
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .strhPre:
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(half: UInt16(truncatingIfNeeded: x[i.rd]), at: address)
          if outcome == .missed {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rs1] = address
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .ldrd:
          let address = x[i.rs1] &+ i.immediate
          guard let first = memory.loadWord(address), let second = memory.loadWord(address &+ 4)
          else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = first
          x[i.rs2] = second
        case .strd:
          let address = x[i.rs1] &+ i.immediate
          guard memory.isPlain(address, wordCount: 2) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          _ = memory.store(word: x[i.rd], at: address)
          _ = memory.store(word: x[i.rs2], at: address &+ 4)
        case .ldm:
          guard loadMultiple(i, x, memory) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
        case .stm:
          guard storeMultiple(i, x, memory) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
        case .popReturn:
          guard let address = loadReturn(i, x, memory) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          target = address & ~1
          let entry = unsafe entries[BlockCache.place(target)]
          link = entry.key == target &+ 1 ? entry.header : 0
          break block
        case .bEq:
          if x[RegisterFile.z] == 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bNe:
          if x[RegisterFile.z] != 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bCs:
          if x[RegisterFile.c] != 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bCc:
          if x[RegisterFile.c] == 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bMi:
          if x.signed(RegisterFile.n) < 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bPl:
          if x.signed(RegisterFile.n) >= 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bVs:
          if x.signed(RegisterFile.v) < 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bVc:
          if x.signed(RegisterFile.v) >= 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bHi:
          if x[RegisterFile.c] != 0 && x[RegisterFile.z] != 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bLs:
          if x[RegisterFile.c] == 0 || x[RegisterFile.z] == 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bGe:
          if x[RegisterFile.n] ^ x[RegisterFile.v] < 1 << 31 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bLt:
          if x[RegisterFile.n] ^ x[RegisterFile.v] >= 1 << 31 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bGt:
          if x[RegisterFile.z] != 0 && x[RegisterFile.n] ^ x[RegisterFile.v] < 1 << 31 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .bLe:
          if x[RegisterFile.z] == 0 || x[RegisterFile.n] ^ x[RegisterFile.v] >= 1 << 31 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .cbz:
          if x[i.rs1] == 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .cbnz:
          if x[i.rs1] != 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .cbmi:
          if x.signed(i.rs1) < 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .cbpl:
          if x.signed(i.rs1) >= 0 {
            (link, target) = (i.link, i.immediate)
            break block
          }
        case .b:
          (link, target) = (i.link, i.immediate)
          break block
        case .bl:
          x[RegisterFile.lr] = unsafe record[1].pc | 1
          (link, target) = (i.link, i.immediate)
          break block
        case .bx:
          let address = x[i.rs1]
          // Returns from exceptions and what is no Thumb code take the long way.
          guard address & 1 == 1, address < 0xf000_0000 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          target = address &- 1
          let entry = unsafe entries[BlockCache.place(target)]
          link = entry.key == target &+ 1 ? entry.header : 0
          break block
        case .blx:
          let address = x[i.rs1]
          guard address & 1 == 1 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[RegisterFile.lr] = unsafe record[1].pc | 1
          target = address &- 1
          let entry = unsafe entries[BlockCache.place(target)]
          link = entry.key == target &+ 1 ? entry.header : 0
          break block
        case .tbb:
          guard let entry = memory.loadByte(x[i.rs1] &+ i.immediate &+ x[i.rs2]) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          target = unsafe record[1].pc &+ (UInt32(entry) &<< 1)
          let place = unsafe entries[BlockCache.place(target)]
          link = place.key == target &+ 1 ? place.header : 0
          break block
        case .tbh:
          guard let entry = memory.loadHalf(x[i.rs1] &+ i.immediate &+ (x[i.rs2] &<< 1)) else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          target = unsafe record[1].pc &+ (UInt32(entry) &<< 1)
          let place = unsafe entries[BlockCache.place(target)]
          link = place.key == target &+ 1 ? place.header : 0
          break block
        case .it: if !x.holds(i.rs2) { unsafe record += Int(i.rd) }
        case .itEq: if x[RegisterFile.z] != 0 { unsafe record += Int(i.rd) }
        case .itNe: if x[RegisterFile.z] == 0 { unsafe record += Int(i.rd) }
        case .skip:
          // No instruction: takes back the step that passing a record counts.
          bias = bias &- 16
          if !x.holds(i.rs2) { unsafe record += Int(i.rd) }
        case .end:
          // No instruction: the step that leaving a record counts is taken back.
          bias = bias &- 16
          (link, target) = (i.link, i.immediate)
          break block
        case .cmpIEq:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a == b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpINe:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a != b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpICs:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a >= b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpICc:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a < b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpIHi:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a > b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpILs:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if a <= b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpIGe:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) >= Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpILt:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) < Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpIGt:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) > Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpILe:
          let (a, b) = (x[i.rs1], i.immediate)
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) <= Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpREq:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a == b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRNe:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a != b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRCs:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a >= b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRCc:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a < b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRHi:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a > b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRLs:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if a <= b {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRGe:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) >= Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRLt:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) < Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRGt:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) > Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .cmpRLe:
          let (a, b) = (x[i.rs1], x[i.rs2])
          unsafe record += 1
          let j = unsafe record.pointee
          if Int32(bitPattern: a) <= Int32(bitPattern: b) {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .addICbz:
          let result = x[i.rs1] &+ i.immediate
          x[i.rd] = result
          unsafe record += 1
          let j = unsafe record.pointee
          if result == 0 {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .addICbnz:
          let result = x[i.rs1] &+ i.immediate
          x[i.rd] = result
          unsafe record += 1
          let j = unsafe record.pointee
          if result != 0 {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .andICbz:
          let result = x[i.rs1] & i.immediate
          x[i.rd] = result
          unsafe record += 1
          let j = unsafe record.pointee
          if result == 0 {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .andICbnz:
          let result = x[i.rs1] & i.immediate
          x[i.rd] = result
          unsafe record += 1
          let j = unsafe record.pointee
          if result != 0 {
            (link, target) = (j.link, j.immediate)
            break block
          }
        case .addIB:
          x[i.rd] = x[i.rs1] &+ i.immediate
          unsafe record += 1
          let j = unsafe record.pointee
          (link, target) = (j.link, j.immediate)
          break block
        case .movIMovt:
          x[i.rd] = i.immediate
          unsafe record += 1
        case .nop: break
        case .fence:
          // ORDERING: orders all accesses before against all after.
          atomicMemoryFence(ordering: .sequentiallyConsistent)
        case .vldr:
          guard x[RegisterFile.floatActive] != 0,
            let value = memory.loadWord(x[i.rs1] &+ i.immediate)
          else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = value
        case .vstr:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          let address = x[i.rs1] &+ i.immediate
          let outcome = memory.store(word: x[i.rd], at: address)
          if outcome != .done {
            return unsafe stop(outcome, address, record, records, bias, &steps)
          }
        case .vmov:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          x[i.rd] = x[i.rs1]
        case .vadd:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          let result = Float(bitPattern: x[i.rs1]) + Float(bitPattern: x[i.rs2])
          if isPlain(result, x) {
            x[i.rd] = result.bitPattern
          } else {
            unsafe help(cache.helpers.base[Int(i.link)], x)
          }
        case .vsub:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          let result = Float(bitPattern: x[i.rs1]) - Float(bitPattern: x[i.rs2])
          if isPlain(result, x) {
            x[i.rd] = result.bitPattern
          } else {
            unsafe help(cache.helpers.base[Int(i.link)], x)
          }
        case .vmul:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          let result = Float(bitPattern: x[i.rs1]) * Float(bitPattern: x[i.rs2])
          if isPlain(result, x) {
            x[i.rd] = result.bitPattern
          } else {
            unsafe help(cache.helpers.base[Int(i.link)], x)
          }
        case .floatHelper:
          guard x[RegisterFile.floatActive] != 0 else {
            return unsafe stop(.general, record, records, bias, &steps)
          }
          unsafe help(cache.helpers.base[Int(i.link)], x)
        case .helper: unsafe help(cache.helpers.base[Int(i.link)], x)
        case .general, .header, .ghost:
          return unsafe stop(.general, record, records, bias, &steps)
        }
        unsafe record += 1
      }

      let header = unsafe records + Int(link)
      let now = unsafe bias &+ address(record) &+ 16
      let reach = unsafe UInt64(header.pointee.immediate)
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

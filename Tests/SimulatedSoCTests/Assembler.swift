/// Just enough of an assembler for programs of a few instructions.
struct Assembler {
  var words: [UInt32] = []

  // Registers by their names in the calling convention.
  static let zero: UInt32 = 0
  static let t0: UInt32 = 5
  static let t1: UInt32 = 6
  static let t2: UInt32 = 7
  static let a0: UInt32 = 10
  static let a1: UInt32 = 11
  static let a2: UInt32 = 12
  static let a3: UInt32 = 13

  // Control registers.
  static let mstatus: UInt32 = 0x300
  static let mie: UInt32 = 0x304
  static let mtvec: UInt32 = 0x305
  static let time: UInt32 = 0xC01
  static let timeh: UInt32 = 0xC81

  /// Bytes so far: where the next instruction comes to lie.
  var here: Int32 { Int32(words.count * 4) }

  /// Loads a constant: always two instructions.
  mutating func li(_ rd: UInt32, _ value: UInt32) {
    let low = value & 0xfff
    let high = low >= 0x800 ? (value >> 12) &+ 1 : value >> 12
    words.append(high << 12 | rd << 7 | 0x37)
    addi(rd, rd, Int32(bitPattern: low << 20) >> 20)
  }

  mutating func addi(_ rd: UInt32, _ rs1: UInt32, _ value: Int32) {
    words.append(UInt32(bitPattern: value) << 20 | rs1 << 15 | rd << 7 | 0x13)
  }

  mutating func lw(_ rd: UInt32, _ offset: Int32, _ rs1: UInt32) {
    load(2, rd, offset, rs1)
  }

  mutating func load(_ width: UInt32, _ rd: UInt32, _ offset: Int32, _ rs1: UInt32) {
    words.append(UInt32(bitPattern: offset) << 20 | rs1 << 15 | width << 12 | rd << 7 | 0x03)
  }

  mutating func sw(_ rs2: UInt32, _ offset: Int32, _ rs1: UInt32) {
    store(2, rs2, offset, rs1)
  }

  mutating func store(_ width: UInt32, _ rs2: UInt32, _ offset: Int32, _ rs1: UInt32) {
    let bits = UInt32(bitPattern: offset)
    words.append(
      (bits >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | width << 12 | (bits & 0x1f) << 7 | 0x23)
  }

  /// Jumps by `distance` bytes.
  mutating func jump(_ distance: Int32) {
    let bits = UInt32(bitPattern: distance)
    let encoded =
      (bits >> 20 & 1) << 31 | (bits >> 1 & 0x3ff) << 21 | (bits >> 11 & 1) << 20
      | (bits >> 12 & 0xff) << 12
    words.append(encoded | 0x6f)
  }

  /// Jumps to the instruction at `position` bytes from the start.
  mutating func jump(to position: Int32) { jump(position - here) }

  /// Branches by `distance` bytes while `rs1` is 0 (`beq`).
  mutating func branchIfZero(_ rs1: UInt32, _ distance: Int32) {
    let bits = UInt32(bitPattern: distance)
    words.append(
      (bits >> 12 & 1) << 31 | (bits >> 5 & 0x3f) << 25 | rs1 << 15 | (bits >> 1 & 0xf) << 8
        | (bits >> 11 & 1) << 7 | 0x63)
  }

  mutating func csrw(_ register: UInt32, _ rs1: UInt32) {
    words.append(register << 20 | rs1 << 15 | 1 << 12 | 0x73)
  }

  mutating func csrr(_ rd: UInt32, _ register: UInt32) {
    words.append(register << 20 | 2 << 12 | rd << 7 | 0x73)
  }

  mutating func amoaddWord(_ rd: UInt32, _ rs2: UInt32, _ rs1: UInt32) {
    words.append(rs2 << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x2f)
  }

  mutating func wfi() { words.append(0x1050_0073) }
  mutating func mret() { words.append(0x3020_0073) }
  mutating func ebreak() { words.append(0x0010_0073) }
  mutating func illegal() { words.append(0xffff_ffff) }
  /// Instructions that do nothing, up to `position` bytes from the start.
  mutating func pad(to position: Int32) {
    while here < position { addi(Self.zero, Self.zero, 0) }
  }
}

extension Assembler {
  /// Turns machine mode's interrupts on (`csrsi mstatus, 8`).
  mutating func enableInterrupts() { words.append(Self.mstatus << 20 | 8 << 15 | 6 << 12 | 0x73) }

  /// Sends interrupts of `mie` bits `lines` to `handler` bytes from the start of RAM.
  mutating func handle(_ lines: UInt32, at handler: Int32) {
    li(Self.t0, 0x8000_0000 + UInt32(bitPattern: handler))
    csrw(Self.mtvec, Self.t0)
    li(Self.t0, lines)
    csrw(Self.mie, Self.t0)
  }

  /// Firmware that sleeps, and answers each kick from its interrupt handler with a kick whose
  /// notify id is what `PENDING` held.
  mutating func answerKicks() {
    handle(1 << 11, at: 0x100)
    addi(Self.t0, Self.zero, 1)
    sw(Self.t0, 0x10, Self.a0)
    enableInterrupts()
    wfi()
    jump(-4)
    pad(to: 0x100)
    lw(Self.t1, 0x04, Self.a0)
    sw(Self.t1, 0x00, Self.a0)
    mret()
  }

  /// Firmware that sleeps for ever, with interrupts off.
  mutating func sleep() {
    wfi()
    jump(-4)
  }
}

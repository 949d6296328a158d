import RISCVCore
import TestSupport

/// A random RV32IMAC program of 64 KiB at 0x80000000: the same bytes for the same seed.
///
/// It sets all registers, then runs a few hundred random instructions that compute, access memory,
/// jump about, trap, and change privilege. Its trap handler goes on behind the instruction that
/// trapped. `x2` and `x3` stay in the middle of the data, so that most accesses hit memory.
struct RandomProgram {
  static let base: UInt32 = 0x8000_0000
  static let byteCount = 1 << 16
  private static let handler = base + 0x800
  private static let stream = base + 0x1000
  private static let saved = base + 0x4000
  private static let data = base + 0xc000

  /// All bytes of the program.
  private(set) var bytes = [UInt8](repeating: 0, count: byteCount)
  /// Where it ends, in a jump to itself.
  private(set) var end: UInt32 = 0

  private var random: SeededGenerator
  private var items: [[Piece]] = []

  /// A part of the stream whose size is known before its address.
  private enum Piece {
    case full(UInt32)
    case half(UInt16)
    case branch(UInt32, UInt32, UInt32)
    case jump(UInt32)
    case call(UInt32, UInt32)
    case shortBranch(UInt16)
    case shortJump(UInt16)

    var byteCount: Int {
      switch self {
      case .half, .shortBranch, .shortJump: 2
      case .call: 8
      default: 4
      }
    }
  }

  init(seed: UInt64, length: Int = 300) {
    random = SeededGenerator(seed: seed)
    for offset in 0x8000..<Self.byteCount { bytes[offset] = UInt8(bits(8)) }
    for _ in 0..<length { items.append(item()) }
    let addresses = layOut()
    place(setUp(), at: Self.base)
    place(trapHandler(), at: Self.handler)
    for index in items.indices { place(index, addresses) }
  }

  private mutating func bits(_ count: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: random.next() >> (64 - count))
  }

  private mutating func chance(_ oneIn: UInt32) -> Bool { bits(16) % oneIn == 0 }

  /// A register that may be written: neither of the two that point to the data.
  private mutating func target() -> UInt32 {
    let number = bits(5)
    return number == 2 || number == 3 ? 1 : number
  }

  private mutating func value() -> UInt32 {
    switch bits(3) {
    case 0: 0
    case 1: .max
    case 2: 0x8000_0000
    case 3: 0x7fff_ffff
    case 4: bits(5)
    default: bits(32)
    }
  }
}

// The kinds of items.
extension RandomProgram {
  private mutating func item() -> [Piece] {
    switch bits(16) % 32 {
    case 0..<8: [.full(arithmetic())]
    case 8..<13: compressed()
    case 13..<18: access()
    case 18..<20: [.branch([0, 1, 4, 5, 6, 7][Int(bits(8) % 6)], bits(5), bits(5))]
    case 20: [chance(2) ? .jump(target()) : .call(target(), target() | 1)]
    case 21: [.shortBranch(0xc001 | UInt16(bits(1)) << 13 | UInt16(bits(3)) << 7)]
    case 22: [.shortJump(chance(2) ? 0xa001 : 0x2001)]
    case 23, 24: atomics()
    case 25, 26: [.full(control())]
    case 27: rare()
    case 28: [illegal()]
    case 29: far()
    default: [.full(multiplication())]
    }
  }

  private mutating func arithmetic() -> UInt32 {
    let (rd, rs1, rs2, function3) = (target(), bits(5), bits(5), bits(3))
    switch bits(3) {
    case 0: return Encode.lui(rd, bits(32))
    case 1: return Encode.auipc(rd, bits(32))
    case 2, 3, 4:
      let alternate: UInt32 = function3 == 0 || function3 == 5 ? bits(1) << 5 : 0
      return Encode.r(0x33, function3, alternate, rd, rs1, rs2)
    default:
      if function3 == 1 { return Encode.r(0x13, 1, 0, rd, rs1, rs2) }
      if function3 == 5 { return Encode.r(0x13, 5, bits(1) << 5, rd, rs1, rs2) }
      return Encode.i(0x13, function3, rd, rs1, Int32(bitPattern: bits(12)))
    }
  }

  private mutating func multiplication() -> UInt32 {
    Encode.r(0x33, bits(3), 1, target(), bits(5), bits(5))
  }

  /// A random compressed instruction that neither jumps nor loses the data pointers.
  private mutating func compressed() -> [Piece] {
    while true {
      let half = UInt16(bits(16))
      guard half & 3 != 3 else { continue }
      let decoded = Instruction(decoding: UInt32(half))
      switch decoded.operation {
      case .illegal, .jal, .jalr, .beq, .bne: continue
      case .lw where decoded.rs1 != 2, .sw where decoded.rs1 != 2:
        let pointer = Encode.addi(UInt32(decoded.rs1), 3, Int32(bits(7)) * 4)
        return [.full(pointer), .half(half)]
      case .sw, .ebreak: return [.half(half)]
      default:
        guard decoded.rd == 2 || decoded.rd == 3 else { return [.half(half)] }
        guard decoded.rd == 2 else { continue }
        return [.half(half), .full(Encode.addi(2, 3, 0))]
      }
    }
  }

  /// A load or store near the data pointer, rarely far from all memory.
  private mutating func access() -> [Piece] {
    var offset = Int32(bits(11)) - 1024
    if chance(2) { offset &= ~3 }
    if chance(2) {
      return [.full(Encode.s(bits(8) % 3, bits(5), offset, 2 + bits(1)))]
    }
    let width: UInt32 = [0, 1, 2, 4, 5][Int(bits(8) % 5)]
    return [.full(Encode.i(0x03, width, target(), 2 + bits(1), offset))]
  }

  private mutating func atomics() -> [Piece] {
    let pointer = 4 + bits(4)
    var offset = Int32(bits(10)) * 4 % 1024
    if chance(8) { offset |= Int32(bits(2)) }
    let address = Piece.full(Encode.addi(pointer, 3, offset))
    if chance(3) {
      var pieces = [address, .full(Encode.atomic(2, target(), pointer, 0))]
      if chance(4) { pieces.append(.full(Encode.addi(pointer, 3, 4 * Int32(bits(4))))) }
      return pieces + [.full(Encode.atomic(3, target(), pointer, bits(5)))]
    }
    let function: UInt32 = [0, 1, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c][Int(bits(8) % 9)]
    let ordering = bits(2) << 25
    return [address, .full(Encode.atomic(function, target(), pointer, bits(5)) | ordering)]
  }

  private mutating func control() -> UInt32 {
    // Spike lets a program take extensions away by `misa`; this core does not, as it may.
    let writable: [UInt32] = [0x300, 0x304, 0x340, 0x340, 0x341, 0x342, 0x343, 0x344, 0x300, 0x306]
    let readable: [UInt32] = [0xf14, 0xf11, 0x305, 0xc02, 0xb02, 0xb82, 0x310, 0x302, 0x301, 0x7c0]
    let function3 = [1, 2, 3, 5, 6, 7][Int(bits(8) % 6)] as UInt32
    if chance(3) { return Encode.csrrs(target(), readable[Int(bits(8) % 10)], 0) }
    return Encode.csr(function3, target(), writable[Int(bits(8) % 10)], bits(5))
  }

  private mutating func rare() -> [Piece] {
    switch bits(3) {
    case 0: return [.full(Encode.ecall)]
    case 1: return [.full(Encode.ebreak)]
    case 2: return [.full(Encode.fence | bits(4) << 28)]
    case 3: return [.full(Encode.fenceI)]
    case 4: return userMode()
    case 5: return [.full(Encode.csrrw(0, [0xb02, 0xb82][Int(bits(1))], bits(5)))]
    default: return rewriting()
    }
  }

  /// Goes on in user mode at the next item.
  private func userMode() -> [Piece] {
    [
      Encode.lui(1, 0x2000), Encode.addi(1, 1, -0x800), Encode.csr(3, 0, 0x300, 1),
      Encode.auipc(1, 0), Encode.addi(1, 1, 16), Encode.csrrw(0, 0x341, 1), Encode.mret,
    ].map { .full($0) }
  }

  /// Writes an instruction over the last word of the item, and executes it.
  private mutating func rewriting() -> [Piece] {
    let words = Encode.li(5, Encode.addi(target(), bits(5), Int32(bits(8))))
    let store = [Encode.auipc(6, 0), Encode.sw(5, 12, 6), Encode.fenceI, Encode.nop]
    return (words + store).map { .full($0) }
  }

  private mutating func illegal() -> Piece {
    while true {
      let word = bits(32)
      if chance(2), word & 3 != 3 {
        let half = UInt16(truncatingIfNeeded: word)
        if Instruction(decoding: UInt32(half)).operation == .illegal { return .half(half) }
      } else if word & 3 == 3, word & 0x1c != 0x1c,
        Instruction(decoding: word).operation == .illegal
      {
        return .full(word)
      }
    }
  }

  /// An access or a jump to where nothing is.
  private mutating func far() -> [Piece] {
    let pointer = Piece.full(Encode.lui(7, 0x4000_0000))
    switch bits(2) {
    case 0: return [pointer, .full(Encode.sw(bits(5), Int32(bits(10)), 7))]
    case 1: return [pointer, .full(Encode.lw(target(), Int32(bits(10)), 7))]
    case 2: return [pointer, .full(Encode.atomic(0, target(), 7, bits(5)))]
    default: return chance(8) ? [pointer, .full(Encode.jalr(target(), 7))] : [pointer]
    }
  }
}

// Placing.
extension RandomProgram {
  private mutating func put(_ half: UInt16, at address: UInt32) {
    let offset = Int(address - Self.base)
    bytes[offset] = UInt8(truncatingIfNeeded: half)
    bytes[offset + 1] = UInt8(half >> 8)
  }

  private mutating func put(_ word: UInt32, at address: UInt32) {
    put(UInt16(truncatingIfNeeded: word), at: address)
    put(UInt16(word >> 16), at: address + 2)
  }

  private mutating func place(_ words: [UInt32], at address: UInt32) {
    for (index, word) in words.enumerated() { put(word, at: address + 4 * UInt32(index)) }
  }

  private mutating func setUp() -> [UInt32] {
    var words = Encode.li(1, Self.handler) + [Encode.csrrw(0, 0x305, 1), Encode.csrrw(0, 0xb02, 0)]
    for register in 1..<32 as Range<UInt32> {
      words += Encode.li(register, register == 2 || register == 3 ? Self.data : value())
    }
    let here = Self.base + 4 * UInt32(words.count)
    return words + [Encode.jal(0, Int32(Self.stream - here))]
  }

  /// Goes on behind the instruction that trapped, at the end of the program after a fetch that
  /// failed, and in machine mode after an `ecall` of user mode.
  private func trapHandler() -> [UInt32] {
    let body = [
      Encode.csrrw(0, 0x340, 31), Encode.lui(31, Self.saved), Encode.sw(30, 0, 31),
      Encode.csrrs(30, 0x342, 0), Encode.addi(30, 30, -8), Encode.bne(30, 0, 16),
      Encode.lui(30, 0x2000), Encode.addi(30, 30, -0x800), Encode.csrrs(0, 0x300, 30),
      Encode.csrrs(30, 0x342, 0), Encode.addi(30, 30, -1), Encode.beq(30, 0, 60),
      Encode.csrrs(30, 0x341, 0), Encode.i(0x03, 5, 30, 30, 0), Encode.i(0x13, 7, 30, 30, 3),
      Encode.addi(30, 30, -3), Encode.i(0x13, 3, 30, 30, 1), Encode.add(30, 30, 30),
      Encode.addi(30, 30, 2), Encode.csrrs(31, 0x341, 0), Encode.add(31, 31, 30),
      Encode.csrrw(0, 0x341, 31), Encode.lui(31, Self.saved), Encode.lw(30, 0, 31),
      Encode.csrrs(31, 0x340, 0), Encode.mret,
    ]
    return body + Encode.li(30, end) + [Encode.csrrw(0, 0x341, 30), Encode.jal(0, -28)]
  }

  private mutating func layOut() -> [UInt32] {
    var address = Self.stream
    var addresses: [UInt32] = []
    for item in items {
      addresses.append(address)
      address += UInt32(item.reduce(0) { $0 + $1.byteCount })
    }
    end = address
    put(Encode.jal(0, 0), at: end)
    return addresses + [end]
  }

  private mutating func place(_ index: Int, _ addresses: [UInt32]) {
    var address = addresses[index]
    for piece in items[index] {
      // Mostly forward, so that few programs only run in circles.
      let far = index + 1 + Int(bits(5)) - (chance(4) ? 24 : 0)
      let goal = addresses[min(max(far, 0), addresses.count - 1)]
      let offset = Int32(bitPattern: goal &- address)
      place(piece, at: address, offset)
      address += UInt32(piece.byteCount)
    }
  }

  private mutating func place(_ piece: Piece, at address: UInt32, _ offset: Int32) {
    let bits = UInt32(bitPattern: offset)
    switch piece {
    case .full(let word): put(word, at: address)
    case .half(let half): put(half, at: address)
    case .branch(let function3, let rs1, let rs2):
      put(Encode.b(function3, rs1, rs2, offset), at: address)
    case .jump(let rd): put(Encode.jal(rd, offset), at: address)
    case .call(let rd, let pointer):
      put(Encode.auipc(pointer, 0), at: address)
      put(Encode.jalr(rd, pointer, offset), at: address + 4)
    case .shortBranch(let half):
      let near = offset >= -256 && offset < 256 ? bits : 2
      let high = (near >> 8 & 1) << 12 | (near >> 3 & 3) << 10
      let low = (near >> 6 & 3) << 5 | (near >> 1 & 3) << 3 | (near >> 5 & 1) << 2
      put(half | UInt16(high | low), at: address)
    case .shortJump(let half):
      let first = (bits >> 11 & 1) << 12 | (bits >> 4 & 1) << 11 | (bits >> 8 & 3) << 9
      let second = (bits >> 10 & 1) << 8 | (bits >> 6 & 1) << 7 | (bits >> 7 & 1) << 6
      let third = (bits >> 1 & 7) << 3 | (bits >> 5 & 1) << 2
      put(half | UInt16(first | second | third), at: address)
    }
  }
}

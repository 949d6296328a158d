import ARMv7MCore

/// A random program and the state it starts from.
///
/// Straight on, with branches forward only; it ends at a `wfi`. Data lies behind it; `r8` and `r9`
/// point into the data wherever memory is accessed.
struct RandomStream {
  static let base: UInt32 = 0x2000_0000
  static let byteCount = 0x4000
  static let dataStart: UInt32 = 0x2000_2000

  /// Code and data.
  var memory: [UInt8]
  /// `r0` to `r12`, then the stack pointer and the link register.
  var registers: [UInt32]
  var floats: [UInt32]
  /// The address of the `wfi`.
  var end: UInt32

  /// Encodings; a letter stands for a register or random bits.
  ///
  /// d, n, m, a, l: registers but those that point to data, 3 or 4 bits; x: any bit;
  /// p: the pointer `r8`; q: `r9`.
  static let narrow = [
    "00000xxxxxmmmddd", "00001xxxxxmmmddd", "00010xxxxxmmmddd", "0001100mmmnnnddd",
    "0001101mmmnnnddd", "0001110xxxnnnddd", "0001111xxxnnnddd", "00100dddxxxxxxxx",
    "00101nnnxxxxxxxx", "00110dddxxxxxxxx", "00111dddxxxxxxxx", "010000xxxxmmmddd",
    "010000xxxxmmmddd", "010000xxxxmmmddd", "010001000mmmmddd", "010001010mmmmnnn",
    "010001100mmmmddd", "1011001000mmmddd", "1011001001mmmddd", "1011001010mmmddd",
    "1011001011mmmddd", "1011101000mmmddd", "1011101001mmmddd", "1011101011mmmddd",
    "10100dddxxxxxxxx", "10101dddxxxxxxxx",
  ]
  static let wide = [
    // Modified and plain immediates.
    "11110x00000snnnn0xxxddddxxxxxxxx", "11110x00001snnnn0xxxddddxxxxxxxx",
    "11110x00010snnnn0xxxddddxxxxxxxx", "11110x000110nnnn0xxxddddxxxxxxxx",
    "11110x00100snnnn0xxxddddxxxxxxxx", "11110x01000snnnn0xxxddddxxxxxxxx",
    "11110x01010snnnn0xxxddddxxxxxxxx", "11110x01011snnnn0xxxddddxxxxxxxx",
    "11110x01101snnnn0xxxddddxxxxxxxx", "11110x01110snnnn0xxxddddxxxxxxxx",
    "11110x00010s11110xxxddddxxxxxxxx", "11110x00011s11110xxxddddxxxxxxxx",
    "11110x000001nnnn0xxx1111xxxxxxxx", "11110x001001nnnn0xxx1111xxxxxxxx",
    "11110x010001nnnn0xxx1111xxxxxxxx", "11110x011011nnnn0xxx1111xxxxxxxx",
    "11110x100000nnnn0xxxddddxxxxxxxx", "11110x101010nnnn0xxxddddxxxxxxxx",
    "11110x100100xxxx0xxxddddxxxxxxxx", "11110x101100xxxx0xxxddddxxxxxxxx",
    "111100110100nnnn0xxxddddxx0xxxxx", "111100111100nnnn0xxxddddxx0xxxxx",
    "111100110110nnnn0xxxddddxx0xxxxx",
    "1111001101101111000ddddd00011111",
    "111100110000nnnn0xxxddddxx0xxxxx", "111100111000nnnn0xxxddddxx0xxxxx",
    "111100110010nnnn0000dddd0000xxxx", "111100111010nnnn0000dddd0000xxxx",
    // Shifted registers.
    "11101010000snnnn0xxxddddxxxxmmmm", "11101010001snnnn0xxxddddxxxxmmmm",
    "11101010010snnnn0xxxddddxxxxmmmm", "11101010011snnnn0xxxddddxxxxmmmm",
    "11101010100snnnn0xxxddddxxxxmmmm", "11101011000snnnn0xxxddddxxxxmmmm",
    "11101011010snnnn0xxxddddxxxxmmmm", "11101011011snnnn0xxxddddxxxxmmmm",
    "11101011101snnnn0xxxddddxxxxmmmm", "11101011110snnnn0xxxddddxxxxmmmm",
    "11101010010s11110xxxddddxxxxmmmm", "11101010011s11110xxxddddxxxxmmmm",
    "111010100001nnnn0xxx1111xxxxmmmm", "111010101001nnnn0xxx1111xxxxmmmm",
    "111010110001nnnn0xxx1111xxxxmmmm", "111010111011nnnn0xxx1111xxxxmmmm",
    "111010101100nnnn0xxxddddxxx0mmmm",
    // Registers.
    "11111010000snnnn1111dddd0000mmmm", "11111010001snnnn1111dddd0000mmmm",
    "11111010010snnnn1111dddd0000mmmm", "11111010011snnnn1111dddd0000mmmm",
    "111110100000nnnn1111dddd10xxmmmm", "111110100001nnnn1111dddd10xxmmmm",
    "111110100010nnnn1111dddd10xxmmmm", "111110100011nnnn1111dddd10xxmmmm",
    "111110100100nnnn1111dddd10xxmmmm", "111110100101nnnn1111dddd10xxmmmm",
    "11111010000011111111dddd10xxmmmm", "11111010010111111111dddd10xxmmmm",
    "111110101000nnnn1111dddd0xyymmmm", "111110101001nnnn1111dddd0xyymmmm",
    "111110101010nnnn1111dddd0xyymmmm", "111110101100nnnn1111dddd0xyymmmm",
    "111110101101nnnn1111dddd0xyymmmm", "111110101110nnnn1111dddd0xyymmmm",
    "111110101000nnnn1111dddd10xxmmmm", "111110101010nnnn1111dddd1000mmmm",
    "111110101011rrrr1111dddd1000rrrr", "111110101001rrrr1111dddd10xxrrrr",
    // Multiplication and division.
    "111110110000nnnnaaaadddd000xmmmm", "111110110000nnnn1111dddd0000mmmm",
    "111110110001nnnnaaaadddd00xxmmmm", "111110110001nnnn1111dddd00xxmmmm",
    "111110110010nnnnaaaadddd000xmmmm", "111110110011nnnnaaaadddd000xmmmm",
    "111110110100nnnnaaaadddd000xmmmm", "111110110101nnnnaaaadddd000xmmmm",
    "111110110101nnnn1111dddd000xmmmm", "111110110110nnnnaaaadddd000xmmmm",
    "111110110111nnnnaaaadddd0000mmmm", "111110110111nnnn1111dddd0000mmmm",
    "111110111000nnnnlllldddd0000mmmm", "111110111010nnnnlllldddd0000mmmm",
    "111110111100nnnnlllldddd0000mmmm", "111110111110nnnnlllldddd0000mmmm",
    "111110111110nnnnlllldddd0110mmmm", "111110111100nnnnlllldddd10xxmmmm",
    "111110111100nnnnlllldddd110xmmmm", "111110111101nnnnlllldddd110xmmmm",
    "111110111001nnnn1111dddd1111mmmm", "111110111011nnnn1111dddd1111mmmm",
  ]
  static let access = [
    "111110001101ppppddddxxxxxxxxxxxx", "111110001100ppppddddxxxxxxxxxxxx",
    "111110001001ppppddddxxxxxxxxxxxx", "111110001000ppppddddxxxxxxxxxxxx",
    "111110001011ppppddddxxxxxxxxxxxx", "111110001010ppppddddxxxxxxxxxxxx",
    "111110011001ppppddddxxxxxxxxxxxx", "111110011011ppppddddxxxxxxxxxxxx",
    "111110000101ppppdddd11x0xxxxxxxx", "111110000100ppppdddd1x11xxxxxxxx",
    "111110000101ppppdddd1x11xxxxxxxx", "111110000000ppppdddd1xx1xxxxxxxx",
    "111110000001ppppdddd1xx1xxxxxxxx", "111110000010ppppdddd1xx1xxxxxxxx",
    "111110010001ppppdddd1xx1xxxxxxxx", "111110010011ppppdddd1xx1xxxxxxxx",
    "1110100x1001qqqq0x0xxx0xxxxxxxxx", "1110100010x0qqqq0x0xxxxxxxxxxxxx",
    "1110100100x0qqqq0x0xxx0xxxxxxxxx", "1110100101x1qqqqddddeeeexxxxxxxx",
    "1110100101x0qqqqddddeeeexxxxxxxx", "111010000101qqqqdddd111100000001",
    "111010001101qqqqdddd111101001111", "111010001101qqqqdddd111101011111",
  ]
  static let float = [
    "111011100x00xxxxxxxx1010x0x0xxxx", "111011100x01xxxxxxxx1010xxx0xxxx",
    "111011100x10xxxxxxxx1010xxx0xxxx", "111011100x11xxxxxxxx1010xxx0xxxx",
    "111011101x00xxxxxxxx1010x0x0xxxx", "111011101x01xxxxxxxx1010xxx0xxxx",
    "111011101x10xxxxxxxx1010xxx0xxxx",
    "111011101x110000xxxx101001x0xxxx", "111011101x110000xxxx101011x0xxxx",
    "111011101x110001xxxx101001x0xxxx", "111011101x110001xxxx101011x0xxxx",
    "111011101x110100xxxx1010x1x0xxxx", "111011101x110101xxxx1010x1000000",
    "111011101x111000xxxx1010x1x0xxxx", "111011101x11110xxxxx1010x1x0xxxx",
    "111011101x11001xxxxx1010x1x0xxxx", "111011101x11101xxxxx101011x00xxx",
    "111011101x11111xxxxx101011x00xxx", "11101110000xxxxxdddd1010x0010000",
    "1110111011110001dddd101000010000", "11101110111100011111101000010000",
    "11101101x00xppppxxxx1010xxxxxxxx",
  ]
}

/// The same sequence for the same seed, everywhere.
struct StreamRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt32 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt32(truncatingIfNeeded: state &* 0x2545_f491_4f6c_dd1d >> 32)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt32(limit)) }

  /// A number of a kind that finds edges: small, large, a bit, a float.
  mutating func word() -> UInt32 {
    switch below(6) {
    case 0: UInt32(below(40))
    case 1: 0 &- UInt32(below(40))
    case 2: 1 << UInt32(below(32))
    case 3: [0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0x8000_8000, 0x7fff_7fff][below(5)]
    case 4: Float(Double(Int32(bitPattern: next())) / 65536).bitPattern
    default: next()
    }
  }

  mutating func float() -> UInt32 {
    switch below(8) {
    case 0:
      [0, 1 << 31, 0x7f80_0000, 0xff80_0000, 0x7fc0_0001, 0x7fa0_0000, 1, 0x007f_ffff][below(8)]
    case 1: next()
    default: Float(Double(Int32(bitPattern: next())) / 1024).bitPattern
    }
  }
}

extension RandomStream {
  private static let registers: [UInt32] = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 14]

  /// The program of `seed`, of about `length` instructions.
  init(seed: UInt64, length: Int, hasFloat: Bool) {
    var random = StreamRandom(seed: seed)
    var code: [UInt16] = []
    for _ in 0..<length { Self.append(to: &code, &random, hasFloat) }
    // Branches reach at most here.
    for _ in 0..<40 { code.append(0xbf00) }
    end = Self.base + 0x100 + UInt32(code.count) * 2
    code.append(0xbf30)
    code.append(contentsOf: [0xbf30, 0xbf30])
    memory = (0..<Self.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for (index, half) in code.enumerated() {
      memory[0x100 + 2 * index] = UInt8(half & 0xff)
      memory[0x101 + 2 * index] = UInt8(half >> 8)
    }
    registers = (0..<15).map { _ in random.word() }
    registers[13] = Self.dataStart + 0x1f00
    registers[8] = Self.dataStart + 0x800
    registers[9] = Self.dataStart + 0x800
    floats = (0..<32).map { _ in random.float() }
    precondition(code.count * 2 + 0x100 < 0x2000)
  }

  private static func append(
    to code: inout [UInt16], _ random: inout StreamRandom, _ hasFloat: Bool
  ) {
    switch random.below(hasFloat ? 15 : 12) {
    case 0...3: code.append(short(&random))
    case 4...6: put(pattern(wide, &random), &code)
    case 7, 8:
      if random.below(6) == 0 {
        // push and pop of the same registers, but for the order of nothing else.
        let list = UInt16(random.below(255) + 1)
        code.append(contentsOf: [
          0xb400 | list, 0xbc00 | UInt16(random.below(255) + 1) & list | list & (0 &- list),
        ])
        let left = (list.nonzeroBitCount - (code[code.count - 1] & 0xff).nonzeroBitCount) * 4
        code.append(0xb000 | UInt16(left / 4))
      }
      pointers(&code)
      put(pattern(access, &random), &code)
    case 9:
      // A conditional branch over a few instructions, compared before.
      code.append(0x2800 | UInt16(random.below(8)) << 8 | UInt16(random.below(256)))
      code.append(0xd000 | UInt16(random.below(14)) << 8 | UInt16(random.below(4)))
      for _ in 0..<6 { code.append(short(&random)) }
    case 10: itBlock(&code, &random)
    case 11:
      // cbz and cbnz.
      code.append(
        0xb100 | UInt16(random.below(2)) << 11 | UInt16(random.below(4)) << 3
          | UInt16(random.below(8)))
      for _ in 0..<6 { code.append(short(&random)) }
    default:
      pointers(&code)
      put(pattern(float, &random), &code)
    }
  }

  /// Points `r8` and `r9` into the data again.
  private static func pointers(_ code: inout [UInt16]) {
    // movw r8, #0x2800; movt r8, #0x2000; mov r9, r8
    code.append(contentsOf: [0xf642, 0x0800, 0xf2c2, 0x0800, 0x46c1])
  }

  private static func itBlock(_ code: inout [UInt16], _ random: inout StreamRandom) {
    let condition = UInt16(random.below(14))
    let mask = UInt16(random.below(15) + 1)
    code.append(0xbf00 | condition << 4 | mask)
    for _ in 0..<(4 - mask.trailingZeroBitCount) {
      var half = short(&random)
      // Comparisons change the flags that later conditions look at: wanted.
      if half == 0xbf00 { half = 0x3001 }
      code.append(half)
    }
  }

  private static func short(_ random: inout StreamRandom) -> UInt16 {
    while true {
      let bits = pattern(narrow, &random)
      // The high registers that special instructions reach must be ours.
      if bits >> 10 == 0b010001 {
        let rd = bits & 7 | bits >> 4 & 8
        if !registers.contains(rd) || !registers.contains(bits >> 3 & 15) { continue }
        if bits >> 8 & 3 == 1, bits >> 7 & 1 == 0, bits >> 6 & 1 == 0 { continue }
      }
      return UInt16(bits)
    }
  }

  /// Appends a long instruction, unless it is none.
  private static func put(_ bits: UInt32, _ code: inout [UInt16]) {
    let (first, second) = (UInt16(bits >> 16), UInt16(bits & 0xffff))
    guard ThumbInstruction(decoding: first, second).operation != .undefined else { return }
    code.append(UInt16(bits >> 16))
    code.append(UInt16(bits & 0xffff))
  }

  /// Bits of one of `patterns`.
  private static func pattern(_ patterns: [String], _ random: inout StreamRandom) -> UInt32 {
    let text = Array(patterns[random.below(patterns.count)].utf8)
    var values: [UInt8: [UInt32]] = [:]
    let counts = Dictionary(grouping: text, by: { $0 }).mapValues(\.count)
    var result: UInt32 = 0
    for letter in "dnmalrepq".utf8 {
      guard let count = counts[letter] else { continue }
      var value: UInt32
      repeat {
        value = count == 3 ? UInt32(random.below(8)) : registers[random.below(registers.count)]
      } while (letter == UInt8(ascii: "l") || letter == UInt8(ascii: "e"))
        && values[UInt8(ascii: "d")]?.first == value
      if letter == UInt8(ascii: "p") { value = 8 }
      if letter == UInt8(ascii: "q") { value = 9 }
      values[letter] = [value]
    }
    let parallel = UInt32(random.below(3))
    var seen: [UInt8: Int] = [:]
    for letter in text {
      result <<= 1
      switch letter {
      case UInt8(ascii: "0"): break
      case UInt8(ascii: "1"): result |= 1
      case UInt8(ascii: "x"), UInt8(ascii: "s"): result |= random.next() >> 7 & 1
      case UInt8(ascii: "y"):
        let place = seen[letter, default: 0]
        result |= parallel >> UInt32(1 - place % 2) & 1
        seen[letter] = place + 1
      default:
        guard let value = values[letter]?.first else { continue }
        let width = letter == UInt8(ascii: "r") ? 4 : counts[letter] ?? 4
        let place = seen[letter, default: 0] % width
        result |= value >> UInt32(width - 1 - place) & 1
        seen[letter, default: 0] += 1
      }
    }
    return result
  }
}

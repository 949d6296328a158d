/// What Spike says about one instruction.
struct SpikeEvent {
  var pc: UInt32
  /// The register written, with its value.
  var register: (number: Int, value: UInt32)?
  /// The store, with its value; as many bytes as it has pairs of digits.
  var store: (address: UInt32, value: UInt32, byteCount: Int)?
  /// The exception in place of all that.
  var exception: String?
  var trapValue: UInt32 = 0
}

/// Reads the log that `spike -l --log-commits` writes.
///
/// A committed instruction is `core   0: 3 0xPC (0xBITS) xN 0xVALUE mem 0xADDRESS 0xVALUE`, an
/// exception `core   0: exception trap_NAME, epc 0xPC` and `core   0:           tval 0xVALUE`.
struct SpikeLog {
  private(set) var events: [SpikeEvent] = []

  init(_ text: String) {
    for line in text.split(separator: "\n") { read(line) }
  }

  private mutating func read(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count >= 4, words[0] == "core" else { return }
    if words[2] == "exception" {
      events.append(SpikeEvent(pc: Self.hex(words[5]), exception: String(words[3].dropLast())))
    } else if words[2] == "tval" {
      if !events.isEmpty { events[events.count - 1].trapValue = Self.hex(words[3]) }
    } else if words[2] == "3" || words[2] == "0" {
      events.append(Self.commit(words))
    }
  }

  private static func commit(_ words: [Substring]) -> SpikeEvent {
    var event = SpikeEvent(pc: hex(words[3]))
    var index = 5
    while index < words.count {
      if words[index].first == "x", let number = Int(words[index].dropFirst()) {
        event.register = (number, hex(words[index + 1]))
        index += 2
      } else if words[index] == "mem", index + 2 < words.count, words[index + 2].hasPrefix("0x") {
        let digits = words[index + 2].count - 2
        event.store = (hex(words[index + 1]), hex(words[index + 2]), digits / 2)
        index += 3
      } else {
        index += 1
      }
    }
    return event
  }

  private static func hex(_ word: Substring) -> UInt32 {
    UInt32(word.dropFirst(2).prefix { $0.isHexDigit }, radix: 16) ?? 0
  }
}

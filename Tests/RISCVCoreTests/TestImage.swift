import Foundation

/// Just enough of an ELF32 file to run a test program that a compiler made.
struct TestImage {
  let entry: UInt32
  /// Where the bytes of each loadable segment go.
  let segments: [(address: UInt32, bytes: [UInt8])]
  /// The address of the word that programs report their result in, if the file names one.
  let tohost: UInt32?

  init?(contentsOf url: URL) {
    guard let data = try? [UInt8](Data(contentsOf: url)), data.count >= 52,
      data.starts(with: [0x7f, 0x45, 0x4c, 0x46, 1, 1])
    else { return nil }
    let file = Reader(data)
    entry = file.word(24)
    segments = (0..<file.half(44)).compactMap { index in
      let header = Int(file.word(28)) + 32 * index
      guard file.word(header) == 1 else { return nil }
      return (file.word(header + 12), file.bytes(file.word(header + 4), file.word(header + 16)))
    }
    tohost = file.symbol("tohost")
  }
}

/// Little-endian reads that give 0 outside the file.
private struct Reader {
  let data: [UInt8]

  init(_ data: [UInt8]) { self.data = data }

  func byte(_ offset: Int) -> UInt32 { data.indices.contains(offset) ? UInt32(data[offset]) : 0 }
  func half(_ offset: Int) -> Int { Int(byte(offset) | byte(offset + 1) << 8) }
  func word(_ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | byte(offset + $1) << (8 * UInt32($1)) }
  }
  func bytes(_ offset: UInt32, _ count: UInt32) -> [UInt8] {
    let start = min(Int(offset), data.count)
    return Array(data[start..<min(start + Int(count), data.count)])
  }

  func symbol(_ name: String) -> UInt32? {
    for index in 0..<half(48) {
      let table = Int(word(32)) + 40 * index
      guard word(table + 4) == 2 else { continue }
      let names = Int(word(32)) + 40 * Int(word(table + 24))
      let symbols = Int(word(table + 16))
      for symbol in 0..<Int(word(table + 20) / 16) {
        let entry = symbols + 16 * symbol
        let start = Int(word(names + 16)) + Int(word(entry))
        if (0...name.utf8.count).allSatisfy({ byte(start + $0) == Array(name.utf8)[safe: $0] }) {
          return word(entry + 4)
        }
      }
    }
    return nil
  }
}

extension Array where Element == UInt8 {
  /// The byte at `index`, or 0 behind the end: a name as it lies in a string table.
  fileprivate subscript(safe index: Int) -> UInt32 { index < count ? UInt32(self[index]) : 0 }
}

import Foundation

/// An ELF32 image made by hand: one segment that holds a resource table.
struct SmallImage {
  /// The table of version 1 with a carveout, a trace buffer and an rpmsg device, or another one.
  var table: [UInt8] = SmallImage.tableV1
  var machine: UInt16 = 243
  var segmentAddress: UInt32 = 0x8000_0000
  /// Instructions in front of the table.
  var code: [UInt32] = []

  /// Instructions that sleep for ever: `wfi` and a jump back to it.
  static let idleCode: [UInt32] = [0x1050_0073, 0xffdf_f06f]

  /// The bytes of the file: header, one program header, the table, names, 3 section headers.
  var bytes: [UInt8] {
    let names = Array("\0.resource_table\0.shstrtab\0".utf8)
    let codeBytes = code.flatMap(word)
    let tableOffset = 52 + 32 + codeBytes.count
    let namesOffset = tableOffset + table.count
    let sections = (namesOffset + names.count + 3) & ~3
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    file += half(2) + half(machine) + word(1) + word(segmentAddress)
    file += word(52) + word(UInt32(sections)) + word(0)
    file += half(52) + half(32) + half(1) + half(40) + half(3) + half(2)
    file += word(1) + word(52 + 32) + word(segmentAddress) + word(segmentAddress)
    file += word(UInt32(codeBytes.count + table.count)) + word(0x1000) + word(7) + word(4)
    file += codeBytes + table + names
    file += [UInt8](repeating: 0, count: sections - file.count)
    file += [UInt8](repeating: 0, count: 40)
    file += section(
      name: 1, type: 1, flags: 2, address: segmentAddress + UInt32(codeBytes.count),
      offset: tableOffset, size: table.count)
    file += section(
      name: 17, type: 3, flags: 0, address: 0, offset: namesOffset, size: names.count)
    return file
  }

  private func section(
    name: UInt32, type: UInt32, flags: UInt32, address: UInt32, offset: Int, size: Int
  ) -> [UInt8] {
    word(name) + word(type) + word(flags) + word(address) + word(UInt32(offset))
      + word(UInt32(size)) + word(0) + word(0) + word(4) + word(0)
  }

  static let tableV1: [UInt8] = {
    var table = word(1) + word(3) + word(0) + word(0) + word(28) + word(84) + word(132)
    table += word(0) + word(0x8000_0000) + word(0) + word(0x10000) + word(0) + word(0)
    table += text("fw", 32)
    table += word(2) + word(0x8000_f000) + word(0x1000) + word(0) + text("log\u{1b}[2J", 32)
    table += word(3) + word(7) + word(0) + word(1) + word(0) + word(0) + [0, 2, 0, 0]
    table += word(0xffff_ffff) + word(16) + word(64) + word(0) + word(0)
    table += word(0xffff_ffff) + word(16) + word(64) + word(1) + word(0)
    return table
  }()

  static let tableV0: [UInt8] = {
    func record(
      _ type: UInt32, id: UInt32, da: UInt32, count: UInt32, flags: UInt32, _ name: String
    ) -> [UInt8] {
      word(type) + word(id) + word(da) + word(0) + word(0) + word(0) + word(count) + word(flags)
        + [UInt8](repeating: 0, count: 16) + text(name, 48)
    }
    return record(0, id: 0, da: 0x8000_0000, count: 0x10000, flags: 0, "fw")
      + record(4, id: 0, da: 1, count: 0, flags: 7, "rpmsg")
      + record(3, id: 0, da: 0, count: 256, flags: 0, "rx")
  }()
}

private func half(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xff), UInt8(value >> 8)] }

private func word(_ value: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
}

private func text(_ text: String, _ count: Int) -> [UInt8] {
  let bytes = Array(text.utf8)
  return bytes + [UInt8](repeating: 0, count: count - bytes.count)
}

import Boards
import Testing

/// One wrong board and the error it gets; `<` in the text marks the line that the error names.
struct WrongBoard: Sendable, CustomTestStringConvertible {
  let text: String
  let error: @Sendable (BoardLocation) -> BoardError
  var testDescription: String { text.replacing("\n", with: " / ") }

  var yaml: String { text.replacing("<", with: "") }
  var location: BoardLocation {
    let line = text.prefix { $0 != "<" }.count { $0 == "\n" } + 1
    return BoardLocation(fileName: "b.yaml", line: line)
  }

  init(_ text: String, _ error: @escaping @Sendable (BoardLocation) -> BoardError) {
    self.text = text
    self.error = error
  }

  /// A whole board with `memory` or `rest` in place of good ones.
  static func board(
    core: String = "{ isa: rv32imac }",
    memory: String = "{ name: ram, da: 0x80000000, size: 1MiB }",
    rest: String = "", _ error: @escaping @Sendable (BoardLocation) -> BoardError
  ) -> WrongBoard {
    WrongBoard("name: b\ncore: \(core)\nmemory:\n  - \(memory)\n\(rest)", error)
  }
}

@Suite("Refused board descriptions")
struct BoardErrorTests {
  static let shapes: [WrongBoard] = [
    WrongBoard("<") { .wrongShape(key: "board", expected: .mapping, at: $0) },
    WrongBoard("<- a\n") { .wrongShape(key: "board", expected: .mapping, at: $0) },
    WrongBoard("<name: b\nmemory: []\n") { .missingKey("core", at: $0) },
    WrongBoard("<core: none\nmemory: []\n") { .missingKey("name", at: $0) },
    WrongBoard("<name: b\ncore: none\n") { .missingKey("memory", at: $0) },
    WrongBoard("name: b\ncore: none\nmemory: <[]\n") {
      .outOfRange(key: "memory", value: 0, lowest: 1, highest: 64, at: $0)
    },
    WrongBoard("name: b\ncore: none\nmemory: <{}\n") {
      .wrongShape(key: "memory", expected: .list, at: $0)
    },
    WrongBoard("name: <[]\n") { .wrongShape(key: "name", expected: .text, at: $0) },
    WrongBoard("name: b\n<nmae: c\n") { .unknownKey("nmae", at: $0) },
    WrongBoard("<[a]: c\n") { .wrongShape(key: "key", expected: .text, at: $0) },
    WrongBoard("<name: b\nname: c\n") { .duplicateKey("name", at: $0) },
    WrongBoard("name: <a b\ncore: none\n") { .badName("a b", at: $0) },
    WrongBoard("name: <''\n") { .badName("", at: $0) },
    WrongBoard("name: <a2345678901234567890123456789012\n") {
      .badName("a2345678901234567890123456789012", at: $0)
    },
    WrongBoard(
      "name: b\ncore: none\nmemory: [{name: m, da: 0, size: 4KiB}]\n"
        + "process: {file: <'a b', socket: s}\n"
    ) { .badPath("a b", at: $0) },
    WrongBoard(
      "name: b\ncore: none\nmemory: [{name: m, da: 0, size: 4KiB}]\n"
        + "process: {file: f, socket: <'\(String(repeating: "s", count: 108))'}\n"
    ) { .badPath(String(repeating: "s", count: 108), at: $0) },
    WrongBoard("name: b\ncore: &a none<\n") {
      .syntax(problem: "anchors and aliases are not used in board files", at: $0)
    },
  ]

  static let cores: [WrongBoard] = [
    .board(core: "<rv32imac") { .wrongShape(key: "core", expected: .mapping, at: $0) },
    .board(core: "<{ count: 1 }") { .missingKey("isa", at: $0) },
    .board(core: "{ isa: <z80 }") {
      .unknownValue(
        key: "isa", text: "z80", allowed: ["rv32imac", "armv7m", "armv7em", "armv7em+fp"], at: $0)
    },
    .board(core: "{ isa: rv32imac, count: <0 }") {
      .outOfRange(key: "count", value: 0, lowest: 1, highest: 64, at: $0)
    },
    .board(core: "{ isa: rv32imac, count: <65 }") {
      .outOfRange(key: "count", value: 65, lowest: 1, highest: 64, at: $0)
    },
    .board(core: "{ isa: rv32imac, count: <one }") {
      .badNumber(key: "count", text: "one", expected: .number, at: $0)
    },
    .board(core: "{ isa: rv32imac, clock: <1KiB }") {
      .badNumber(key: "clock", text: "1KiB", expected: .frequency, at: $0)
    },
    .board(core: "{ isa: rv32imac, clock: <999Hz }") {
      .outOfRange(
        key: "clock", value: 999, lowest: 1_000, highest: 10_000_000_000, at: $0)
    },
  ]

  static let memories: [WrongBoard] = [
    .board(memory: "<ram") { .wrongShape(key: "memory", expected: .mapping, at: $0) },
    .board(memory: "<{ da: 0, size: 4KiB }") { .missingKey("name", at: $0) },
    .board(memory: "<{ name: m, size: 4KiB }") { .missingKey("da", at: $0) },
    .board(memory: "<{ name: m, da: 0 }") { .missingKey("size", at: $0) },
    .board(memory: "{ name: m, da: 0, size: <4097 }") {
      .notAligned(key: "size", value: 4097, alignment: 4096, at: $0)
    },
    .board(memory: "{ name: m, da: 0, size: <0 }") {
      .outOfRange(key: "size", value: 0, lowest: 4096, highest: 1 << 40, at: $0)
    },
    .board(memory: "{ name: m, da: 0, size: <-1 }") {
      .badNumber(key: "size", text: "-1", expected: .size, at: $0)
    },
    .board(memory: "{ name: m, da: 0, size: <16MB }") {
      .badNumber(key: "size", text: "16MB", expected: .size, at: $0)
    },
    .board(memory: "{ name: m, da: 0, size: <18014398509481984KiB }") {
      .badNumber(key: "size", text: "18014398509481984KiB", expected: .size, at: $0)
    },
    .board(memory: "{ name: m, da: <0x80000001, size: 4KiB }") {
      .notAligned(key: "da", value: 0x8000_0001, alignment: 4096, at: $0)
    },
    .board(memory: "{ name: m, da: <0x100000000, size: 4KiB }") {
      .outOfRange(key: "da", value: 1 << 32, lowest: 0, highest: 0xffff_ffff, at: $0)
    },
    .board(memory: "<{ name: m, da: 0xfffff000, size: 8KiB }") {
      .beyondAddressSpace(
        part: "m", start: 0xffff_f000, byteCount: 8192, highest: 0xffff_ffff, at: $0)
    },
    .board(memory: "<{ name: m, da: 0, pa: 0xfffffffffffff000, size: 4KiB }") {
      .beyondAddressSpace(
        part: "m (pa)", start: 0xffff_ffff_ffff_f000, byteCount: 4096, highest: .max - 1, at: $0)
    },
    .board(memory: "{ name: m, da: 0, pa: <1, size: 4KiB }") {
      .notAligned(key: "pa", value: 1, alignment: 4096, at: $0)
    },
    .board(
      memory: "{ name: m, da: 0, size: 8KiB }\n  - <{ name: n, da: 4096, size: 4KiB }"
    ) { .overlap(part: "n", other: "m", otherLine: 4, at: $0) },
    .board(
      memory: "{ name: m, da: 0, size: 4KiB }\n  - <{ name: n, da: 4096, pa: 0, size: 4KiB }"
    ) { .overlap(part: "n (pa)", other: "m (pa)", otherLine: 4, at: $0) },
    .board(
      memory: "{ name: m, da: 0, size: 4KiB }\n  - <{ name: m, da: 4096, size: 4KiB }"
    ) { .duplicateName("m", at: $0) },
  ]

  static let others: [WrongBoard] = [
    .board(rest: "devices: <none") { .wrongShape(key: "devices", expected: .list, at: $0) },
    .board(rest: "devices:\n  - { kind: <uart, da: 0 }") {
      .unknownValue(key: "kind", text: "uart", allowed: ["doorbell", "clint"], at: $0)
    },
    .board(rest: "devices:\n  - <{ kind: clint }") { .missingKey("da", at: $0) },
    .board(rest: "devices:\n  - { kind: doorbell, da: 0, interrupt: <timer }") {
      .unknownValue(key: "interrupt", text: "timer", allowed: ["external", "none"], at: $0)
    },
    .board(rest: "devices:\n  - { kind: clint, da: 0, interrupt: <external }") {
      .unknownKey("interrupt", at: $0)
    },
    .board(rest: "devices:\n  - <{ kind: doorbell, da: 0x800ff000 }") {
      .overlap(part: "doorbell", other: "ram", otherLine: 4, at: $0)
    },
    .board(rest: "devices:\n  - { kind: doorbell, da: 0xf000 }\n  - <{ kind: clint, da: 0 }") {
      .overlap(part: "clint", other: "doorbell", otherLine: 6, at: $0)
    },
    .board(rest: "devices:\n  - { kind: clint, da: 0 }\n  - <{ kind: clint, da: 0x10000 }") {
      .duplicateDevice(.clint, at: $0)
    },
    .board(rest: "iommu: <some") { .wrongShape(key: "iommu", expected: .mapping, at: $0) },
    .board(rest: "iommu: { pageSize: <12KiB, da: 0, size: 12KiB }") {
      .notPowerOfTwo(key: "pageSize", value: 12_288, at: $0)
    },
    .board(rest: "iommu: { pageSize: 4KiB, da: 0, size: <0 }") {
      .outOfRange(key: "size", value: 0, lowest: 4096, highest: .max, at: $0)
    },
    .board(rest: "iommu: <{ pageSize: 4KiB, da: 0xfffff000, size: 8KiB }") {
      .beyondAddressSpace(
        part: "iommu", start: 0xffff_f000, byteCount: 8192, highest: 0xffff_ffff, at: $0)
    },
    .board(rest: "iommu: { pageSize: <[], da: 0, size: 4KiB }") {
      .outOfRange(key: "pageSize", value: 0, lowest: 1, highest: 8, at: $0)
    },
    .board(rest: "iommu: { pageSize: [4KiB, <2KiB], da: 0, size: 4KiB }") {
      .outOfRange(key: "pageSize", value: 2048, lowest: 4096, highest: 1 << 30, at: $0)
    },
    .board(rest: "iommu: { pageSize: <{}, da: 0, size: 4KiB }") {
      .wrongShape(key: "pageSize", expected: .list, at: $0)
    },
    .board(rest: "iommu: { pageSize: [64KiB, 1MiB], da: <0x1000, size: 64KiB }") {
      .notAligned(key: "da", value: 0x1000, alignment: 0x1_0000, at: $0)
    },
    // Memory is looked at after the unit, wherever it stands.
    WrongBoard(
      "name: b\ncore: none\nmemory:\n  - <{ name: ram, da: 0x80000000, size: 1MiB }\n"
        + "iommu: { pageSize: 4KiB, da: 0, size: 4GiB }"
    ) { .overlap(part: "ram", other: "iommu", otherLine: 5, at: $0) },
    WrongBoard(
      "name: b\ncore: none\nmemory:\n  - <{ name: ram, size: 1MiB }\n"
        + "iommu: { pageSize: 4KiB, da: 0, size: 4GiB }"
    ) { .missingKey("pa", at: $0) },
    .board(memory: "<{ name: ram, pa: 0, size: 1MiB }") { .missingKey("da", at: $0) },
    .board(memory: "{ name: ram, da: 0, size: 1MiB, hugePages: <yes }") {
      .badNumber(key: "hugePages", text: "yes", expected: .flag, at: $0)
    },
    .board(memory: "{ name: ram, da: 0, size: 1MiB, carveouts: <[] }") {
      .wrongShape(key: "carveouts", expected: .text, at: $0)
    },
    .board(rest: "regions: <{}") { .wrongShape(key: "regions", expected: .list, at: $0) },
    .board(rest: "regions:\n  - <{ name: r, size: 4KiB }") { .missingKey("da", at: $0) },
    .board(rest: "regions:\n  - { name: r, <pa: 0, size: 4KiB }") { .unknownKey("pa", at: $0) },
    .board(rest: "regions:\n  - <{ name: r, da: 0x7ffff000, size: 8KiB }") {
      .outsideMemory(part: "r", at: $0)
    },
    .board(rest: "regions:\n  - { name: r, da: 0x80000000, size: <1 }") {
      .outOfRange(key: "size", value: 1, lowest: 4096, highest: 1 << 40, at: $0)
    },
    .board(
      rest: "regions:\n  - { name: r, da: 0x80000000, size: 8KiB }\n"
        + "  - <{ name: s, da: 0x80001000, size: 4KiB }"
    ) { .overlap(part: "s", other: "r", otherLine: 6, at: $0) },
    .board(
      rest: "regions:\n  - { name: r, da: 0x80000000, size: 8KiB }\n"
        + "  - <{ name: r, da: 0x80002000, size: 4KiB }"
    ) { .duplicateName("r", at: $0) },
    WrongBoard(
      "name: b\ncore: none\nmemory:\n  - { name: ram, pa: 0, size: 1MiB }\n"
        + "iommu: { pageSize: 4KiB, da: 0x1000, size: 4MiB }\n"
        + "regions:\n  - { name: q, da: 0x1000, size: 4KiB }\n"
        + "  - <{ name: r, da: 0, size: 4KiB }"
    ) { .outsideMemory(part: "r", at: $0) },
    WrongBoard(
      "name: b\ncore: none\nmemory:\n  - { name: ram, pa: 0, size: 1MiB }\n"
        + "iommu: { pageSize: 4KiB, da: 0x1000, size: 4MiB }\n"
        + "regions:\n  - <{ name: r, pa: 0xff000, size: 8KiB }"
    ) { .outsideMemory(part: "r", at: $0) },
    .board(rest: "policy: { maxCarveout: <many }") {
      .badNumber(key: "maxCarveout", text: "many", expected: .size, at: $0)
    },
    .board(rest: "policy:\n  devmem:\n    - <{ pa: 0xffffffffffffffff, size: 2 }") {
      .beyondAddressSpace(part: "devmem", start: .max, byteCount: 2, highest: .max, at: $0)
    },
    .board(rest: "policy:\n  devmem:\n    - { pa: 0, size: <0 }") {
      .outOfRange(key: "size", value: 0, lowest: 1, highest: .max, at: $0)
    },
  ]

  @Test("The error names the rule, the numbers and the line", arguments: shapes + cores)
  func refusedShape(board: WrongBoard) {
    refuse(board)
  }

  @Test("The error names the range and the line", arguments: memories + others)
  func refusedPart(board: WrongBoard) {
    refuse(board)
  }

  private func refuse(_ board: WrongBoard) {
    let expected = board.error(board.location)
    #expect(throws: expected) { try Board(yaml: board.yaml, fileName: "b.yaml") }
    #expect(expected.description.hasPrefix("b.yaml:\(board.location.line): "))
  }

  @Test("Text that is not YAML names its line")
  func syntax() {
    let error = #expect(throws: BoardError.self) {
      try Board(yaml: "name: b\ncore: [none\n", fileName: "b.yaml")
    }
    guard case .syntax(_, let at) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(at.line >= 2)
  }

  @Test("Nesting beyond any use is an error, not a crash")
  func deepNesting() {
    let deep = "name: " + String(repeating: "[", count: 60_000)
    #expect(throws: BoardError.self) { try Board(yaml: deep, fileName: "b") }
  }

  @Test("A text of more than 64 KiB is refused unread")
  func tooLarge() {
    let text = String(repeating: "#", count: 65_537)
    #expect(throws: BoardError.tooLarge(byteCount: 65_537, fileName: "b")) {
      try Board(yaml: text, fileName: "b")
    }
  }
}

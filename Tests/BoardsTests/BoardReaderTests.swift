import Boards
import TestSupport
import Testing
import WireTypes

@Suite("Board descriptions")
struct BoardReaderTests {
  @Test("The built-in boards are what the design says")
  func builtIn() throws {
    #expect(Board.builtInNames == ["virt-rv32", "virt-rv32-mmu", "virt-cm4", "process", "null"])
    let virt = try Board.named("virt-rv32")
    #expect(virt.name == "virt-rv32")
    #expect(virt.core == BoardCore(isa: .rv32imac, count: 1))
    #expect(
      virt.memory == [
        BoardMemory(
          name: "ram", da: DeviceAddress(rawValue: 0x8000_0000), byteCount: 16 << 20)
      ])
    #expect(
      virt.devices == [
        BoardDevice(
          kind: .doorbell, da: DeviceAddress(rawValue: 0x1000_0000), interrupt: .external),
        BoardDevice(kind: .clint, da: DeviceAddress(rawValue: 0x0200_0000)),
      ])
    #expect(virt.iommu == nil)
    #expect(virt.policy == BoardPolicy(maxCarveoutByteCount: 64 << 20))
    let null = try Board.named("null")
    #expect(null.core == nil)
    #expect(null.devices.isEmpty)
    #expect(
      null.memory == [
        BoardMemory(
          name: "pool", da: DeviceAddress(rawValue: 0x6000_0000),
          pa: PhysicalAddress(rawValue: 0x0800_0000), byteCount: 16 << 20)
      ])
    #expect(throws: BoardError.unknownBoard(name: "virt")) { try Board.named("virt") }
    #expect(throws: BoardError.unknownBoard(name: "../null")) { try Board.named("../null") }
  }

  @Test("A board written as YAML reads back equal", arguments: Board.builtInNames)
  func roundTrip(name: String) throws {
    let board = try Board.named(name)
    #expect(try Board(yaml: board.yaml, fileName: "again") == board)
  }

  @Test("Every optional part survives a round trip")
  func roundTripOfEverything() throws {
    var board = try Board.named("virt-rv32")
    board.name = "true"
    board.core?.count = 64
    board.core?.frequencyInHertz = 600_000_000
    board.core?.restart = .itself
    board.memory.append(
      BoardMemory(
        name: "sram", da: DeviceAddress(rawValue: 0), pa: PhysicalAddress(rawValue: 1 << 40),
        byteCount: 4096))
    board.devices[0].interrupt = .none
    let range = try #require(
      AddressRange(start: DeviceAddress(rawValue: 0x4000_0000), byteCount: 1 << 28))
    board.iommu = BoardIOMMU(pageByteCounts: [1 << 16], range: range)
    let devmem = try #require(
      AddressRange(start: PhysicalAddress(rawValue: 0x4a00_0001), byteCount: 3))
    board.policy = BoardPolicy(maxCarveoutByteCount: 12_345, devmem: [devmem, devmem])
    #expect(try Board(yaml: board.yaml, fileName: "again") == board)
    board.memory[0].hugePages = true
    board.memory[1].holdsCarveouts = false
    board.memory.append(
      BoardMemory(
        name: "ddr", da: nil, pa: PhysicalAddress(rawValue: 1 << 32), byteCount: 1 << 30))
    board.iommu?.pageByteCounts = [4096, 1 << 16, 1 << 20, 1 << 24]
    board.regions = [
      BoardRegion(
        name: "vdev0buffer", da: DeviceAddress(rawValue: 0x4000_0000),
        pa: PhysicalAddress(rawValue: (1 << 32) + 4096), byteCount: 8192),
      BoardRegion(name: "any", byteCount: 4096),
    ]
    #expect(try Board(yaml: board.yaml, fileName: "again") == board)
  }

  @Test("The board behind an IOMMU: memory without an address of the core's own")
  func mmuBoard() throws {
    let board = try Board.named("virt-rv32-mmu")
    #expect(board.memory.map(\.da) == [nil, nil])
    #expect(board.memory.map(\.holdsCarveouts) == [true, false])
    #expect(board.iommu?.pageByteCounts == [4096, 1 << 16, 1 << 20, 1 << 24])
    let range = try #require(board.iommu?.range)
    #expect(range.start.rawValue + range.byteCount == 1 << 32)
    #expect(board.policy.devmem.map(\.start) == [board.memory[1].pa])
  }

  @Test("Regions of a board without an IOMMU lie at their device address")
  func regions() throws {
    let board = try Board(
      yaml: """
        name: a
        core: none
        memory: [{ name: m, da: 0x1000, size: 8KiB, hugePages: false, carveouts: true }]
        regions: [{ name: r, da: 0x2000, size: 4KiB }]
        """, fileName: "b")
    #expect(
      board.regions == [
        BoardRegion(name: "r", da: DeviceAddress(rawValue: 0x2000), byteCount: 4096)
      ])
  }

  @Test(
    "Sizes, hexadecimal numbers and frequencies",
    arguments: [
      ("4096", 4096), ("0x1000", 4096), ("4KiB", 4096), ("3MiB", 3 << 20), ("1GiB", 1 << 30),
    ])
  func sizes(text: String, byteCount: UInt64) throws {
    let yaml = "name: a\ncore: none\nmemory: [{ name: m, da: 0x1000, size: \(text) }]\n"
    #expect(try Board(yaml: yaml, fileName: "b").memory[0].byteCount == byteCount)
  }

  @Test("A file that is missing or a folder is refused with its errno")
  func unreadable() {
    #expect(throws: BoardError.notReadable(fileName: "/nonexistent/b.yaml", errno: 2)) {
      try Board(path: "/nonexistent/b.yaml")
    }
    #expect(throws: BoardError.notReadable(fileName: "/", errno: 21)) { try Board(path: "/") }
  }

  @Test("A file that never ends is refused after its first bytes")
  func endless() {
    #expect(throws: BoardError.tooLarge(byteCount: 65_537, fileName: "/dev/zero")) {
      try Board(path: "/dev/zero")
    }
  }

  @Test("Every byte sequence is either a board or a typed error")
  func arbitraryText() throws {
    let good = Array(try Board.named("virt-rv32").yaml.utf8)
    for seed in 0..<300 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          Bool.random(using: &random)
          ? UInt8.random(in: 0 ... .max, using: &random)
          : good[Int.random(in: 0..<good.count, using: &random)]
      }
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      let text = String(decoding: bytes, as: UTF8.self)
      do throws(BoardError) {
        let board = try Board(yaml: text, fileName: "b")
        #expect(try Board(yaml: board.yaml, fileName: "b") == board, "seed \(seed)")
      } catch {
        #expect(!error.description.isEmpty && !error.description.contains("\n"), "seed \(seed)")
      }
    }
  }
}

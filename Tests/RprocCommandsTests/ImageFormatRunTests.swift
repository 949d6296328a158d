import Foundation
import RprocCommands
import TestSupport
import Testing

/// Code that ends with what a word says that it finds relative to itself, or through a pointer.
private enum ExitCode {
  /// `auipc t0, 0`.
  private static let here: UInt32 = 0x0000_0297
  /// The doorbell's page in `t3`, `t2` to its `EXIT`, then sleep for ever.
  private static let exit: [UInt32] = [0x1000_0e37, 0x007e_2c23, 0x1050_0073, 0xffdf_f06f]

  /// Takes the word at 0x50 from its start.
  static let direct: [UInt32] = [here, 0x0502_a383] + exit
  /// Takes the word to which the pointer at 0x40 points.
  static let throughPointer: [UInt32] = [here, 0x0402_a303, 0x0003_2383] + exit

  /// 84 bytes of memory that end with `code`.
  static func memory(_ words: [UInt32], code: UInt8) -> [UInt8] {
    var bytes = words.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
    bytes += [UInt8](repeating: 0, count: 0x54 - bytes.count)
    bytes[0x50] = code
    return bytes
  }

  /// The same as a position-independent ELF file with an empty table.
  static func movable(_ words: [UInt32], code: UInt8) -> MovableImage {
    var image = MovableImage()
    image.memory.replaceSubrange(0..<0x54, with: memory(words, code: code))
    image.storeTable([1] + [UInt8](repeating: 0, count: 15), at: 0x1200)
    return image
  }
}

@Suite("Firmware of other formats runs")
struct ImageFormatRunTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func run(_ path: String, _ arguments: String...) throws -> CommandRun {
    try CommandRun(arguments: ["run", path, "--until-exit", "--timeout", "20"] + arguments)
  }

  @Test("A raw binary ends with its code", arguments: ["0x80000000", "2147483648"])
  func binary(address: String) throws {
    let path = try scratch.file("a.bin", ExitCode.memory(ExitCode.direct, code: 41))
    let result = try run(path, "--load-address", address)
    #expect(result.status == 41, "\(result.errors)")
    // Without an address nobody knows what it is.
    #expect(try run(path).status == 65)
    #expect(try run(path, "--format", "bin").errors.contains("bin image needs a load address"))
  }

  @Test("A raw binary starts at its entry")
  func entry() throws {
    let memory = [UInt8](repeating: 0, count: 16) + ExitCode.memory(ExitCode.direct, code: 40)
    let path = try scratch.file("a.bin", memory)
    let address = ["--load-address", "0x80000100", "--entry", "0x80000110"]
    let result = try CommandRun(
      arguments: ["run", path, "--until-exit", "--timeout", "20"] + address)
    #expect(result.status == 40, "\(result.errors)")
  }

  @Test("An Intel HEX file ends with its code; the format is told from the bytes")
  func hex() throws {
    let memory = ExitCode.memory(ExitCode.direct, code: 39)
    var lines = [HexText.linear(0x8000)]
    for start in stride(from: 0, to: memory.count, by: 16).reversed() {
      let end = min(start + 16, memory.count)
      lines.append(HexText.record(0, UInt16(start), Array(memory[start..<end])))
    }
    lines += [HexText.start(0x8000_0000), HexText.end]
    let path = try scratch.file("firmware", HexText.file(lines, newline: "\r\n"))
    let result = try run(path)
    #expect(result.status == 39, "\(result.errors)")
    let broken = try scratch.file("broken.hex", HexText.file(Array(lines.dropLast())))
    let refused = try run(broken)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("hex file line 9 (offset 0x"))
  }

  @Test("A position-independent file ends with the code that a moved pointer leads to")
  func movable() throws {
    var image = ExitCode.movable(ExitCode.throughPointer, code: 38)
    image.addRelocations([(0x1040, 3, 0, 0x1050)], at: 0x1100)
    let path = try scratch.file("pie.elf", image.build())
    let result = try run(path, "--json")
    #expect(result.status == 38, "\(result.errors)")
    let resources = try result.objects().filter { $0["event"] as? String == "resource" }
    #expect(resources.first?["name"] as? String == "image")
    #expect(resources.first?["da"] as? String == "0x80800000")
    // At its own address there is no memory.
    #expect(try run(path, "--relocation", "none").status == 65)
  }

  @Test("A file that relocates itself is only put somewhere")
  func itself() throws {
    var image = ExitCode.movable(ExitCode.direct, code: 37)
    // A relocation that the loader would refuse.
    image.addRelocations([(0x9000, 77, 0, 0)], at: 0x1100)
    let path = try scratch.file("self.elf", image.build())
    let result = try run(path, "--relocation", "self")
    #expect(result.status == 37, "\(result.errors)")
    #expect(try run(path).errors.contains("relocation of type 77 for riscv"))
  }

  @Test(
    "What the toolchain links as position-independent runs",
    arguments: [
      [], ["-z", "pack-relative-relocs"],
    ])
  func toolchain(options: [String]) throws {
    guard let folder = Toolchain.folder else {
      return print("skipped: clang and ld.lld are not beside swiftc")
    }
    let source = try scratch.file("pie.c", Array(Toolchain.source.utf8))
    let object = scratch.path + "/pie.o"
    let linked = scratch.path + "/pie.elf"
    try Toolchain.run(
      folder + "/clang",
      [
        "--target=riscv32-none-elf", "-march=rv32imac", "-mabi=ilp32", "-fPIE", "-O1",
        "-ffreestanding", "-c", source, "-o", object,
      ])
    try Toolchain.run(
      folder + "/ld.lld",
      ["-pie", "--no-dynamic-linker", "-e", "_start", object, "-o", linked] + options)
    let result = try run(linked)
    #expect(result.status == 42, "\(result.errors)")
    let inspected = try CommandRun("inspect", linked)
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("ELF32 riscv shared"))
  }

  @Test("inspect shows binaries and hex files, too")
  func inspect() throws {
    let binary = try scratch.file("a.bin", ExitCode.memory(ExitCode.direct, code: 1))
    let shown = try CommandRun("inspect", binary, "--load-address", "0x80000000")
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.output.contains("a.bin   bin   84 B   entry 0x80000000"))
    #expect(shown.output.contains("no resource table (a bin image has none)"))
    let hex = try scratch.file(
      "a.hex",
      HexText.file([HexText.record(0, 0x10, [1, 2]), HexText.record(0, 0x20, [3]), HexText.end]))
    let json = try CommandRun("inspect", hex, "--json")
    #expect(json.status == 0, "\(json.errors)")
    let object = try #require(try json.objects().first)
    #expect(object["format"] as? String == "hex")
    #expect(object["entry"] is NSNull)
    let segments = try #require(object["segments"] as? [[String: Any]])
    #expect(segments.map { $0["paddr"] as? String } == ["0x10", "0x20"])
    #expect(try CommandRun("inspect", hex, "--load-address", "1").status == 65)
  }
}

/// The C compiler and linker that come with Swift.
private enum Toolchain {
  /// Where they are; `nil` when they are not.
  static var folder: String? {
    let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let files = FileManager.default
    return paths.map { String($0) }.first { path in
      ["swiftc", "clang", "ld.lld"].allSatisfy { files.isExecutableFile(atPath: "\(path)/\($0)") }
    }
  }

  static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// Ends with 42, through a pointer to data and one to code.
  static let source = #"""
    static int value = 21;
    static int twice(int x) { return x * 2; }
    int *volatile pointer = &value;
    int (*volatile function)(int) = twice;
    __attribute__((section(".resource_table"), used)) const unsigned table[4] = {1, 0, 0, 0};
    __attribute__((aligned(16))) char stack[256];
    __asm__(".globl _start\n_start: lla sp, stack\n addi sp, sp, 256\n tail run");
    __attribute__((used)) void run(void) {
      *(volatile unsigned *)0x10000018 = (unsigned)function(*pointer);
      for (;;) __asm__ volatile("wfi");
    }
    """#
}

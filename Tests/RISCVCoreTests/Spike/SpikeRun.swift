import Foundation

/// One run of the program `spike` in a folder of its own.
struct SpikeRun {
  /// What this core implements; the last but one name stands for misaligned loads and stores.
  private static let isa = "rv32imac_zicsr_zifencei_zicclsm_zicntr"

  let log: SpikeLog

  /// Runs `program` for `steps` instructions.
  init(_ program: RandomProgram, spike: String, steps: Int, folder: URL) throws {
    let image = folder.appendingPathComponent("program.elf")
    let tree = folder.appendingPathComponent("hart.dtb")
    let log = folder.appendingPathComponent("log.txt")
    try Data(Self.elf(program.bytes)).write(to: image)
    try Data(DeviceTree.oneHart(isa: Self.isa)).write(to: tree)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: spike)
    process.arguments = [
      "-m0x80000000:0x10000", "--isa=\(Self.isa)", "--priv=mu",
      "--pmpregions=0", "--triggers=0", "--dtb=\(tree.path)", "-l", "--log-commits",
      "--log=\(log.path)", "--instructions=\(steps)", image.path,
    ]
    // It warns that the program has no symbols by which to talk to it.
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    self.log = SpikeLog(try String(contentsOf: log, encoding: .utf8))
  }

  /// An ELF32 file with `bytes` as its one segment at 0x80000000.
  private static func elf(_ bytes: [UInt8]) -> [UInt8] {
    func words(_ values: UInt32...) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    let base = RandomProgram.base
    let count = UInt32(bytes.count)
    // Spike insists on a section with names; one that holds the empty name is enough.
    return [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
      + words(0x00f3_0002, 1, base, 52, 84, 0, 0x0020_0034, 0x0028_0001, 1)
      + words(1, 124, base, base, count, count, 7, 4)
      + words(0, 3, 0, 0, 124 + count, 1, 0, 0, 1, 0) + bytes + [0]
  }
}

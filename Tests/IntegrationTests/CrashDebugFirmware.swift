import Foundation
import TestSupport

/// The firmware of `Fixtures/CrashDebug`, with debug information.
enum CrashDebugFirmware {
  /// The toolchain's compiler and linker.
  static let clang = Tool("clang")
  static let linker = Tool("ld.lld")

  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures").path

  /// The line of `crash.c` that crashes.
  static func crashLine() throws -> Int {
    let text = try String(contentsOfFile: fixtures + "/CrashDebug/crash.c", encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let index = lines.firstIndex(where: { $0.contains("nobody has set data") }) else {
      throw CFirmwareError.notBuilt("no such line")
    }
    return index + 1
  }

  /// Writes the image to `path`.
  static func build(to path: String) throws {
    guard let clang, let linker else { throw CFirmwareError.noCompiler }
    let options = [
      "--target=riscv32-unknown-none-elf", "-march=rv32imac_zicsr", "-mabi=ilp32", "-g", "-O0",
      "-fno-omit-frame-pointer", "-ffreestanding",
      // Where the sources are does not matter to a debugger that has them at hand.
      "-ffile-prefix-map=\(fixtures)=.",
    ]
    var objects: [String] = []
    for source in ["CFirmware/start.S", "CrashDebug/crash.c"] {
      let object = "\(path).\(objects.count).o"
      let run = try clang.run(options + ["-c", "\(fixtures)/\(source)", "-o", object])
      guard run.status == 0 else { throw CFirmwareError.notBuilt(run.errors) }
      objects.append(object)
    }
    let run = try linker.run(
      ["-T", "\(fixtures)/CFirmware/virt-rv32.ld", "-o", path] + objects)
    guard run.status == 0 else { throw CFirmwareError.notBuilt(run.errors) }
  }
}

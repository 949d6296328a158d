import Foundation
import RISCVCore
import SharedMemory
import Testing
import WireTypes

/// Runs every program of the folder that the environment variable `RISCV_TESTS` names; see
/// `Documentation/RISCVTests.md`.
@Suite("Programs of a RISC-V test folder")
struct RISCVTestsFolderTests {
  static let folder = ProcessInfo.processInfo.environment["RISCV_TESTS"]

  static func programs() throws -> [URL] {
    guard let folder else { return [] }
    let files = try FileManager.default.contentsOfDirectory(
      at: URL(fileURLWithPath: folder), includingPropertiesForKeys: nil)
    return files.sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  /// Runs one program until it reports; gives 1 for success, like the program.
  static func result(of image: TestImage) throws -> UInt32? {
    let base: UInt32 = 0x8000_0000
    let window = try SharedRegion(byteCount: 1 << 21).window
    for (address, bytes) in image.segments where address >= base {
      window.copyIn(bytes.span.bytes, at: Int(address - base))
    }
    guard let tohost = image.tohost else { return nil }
    var core = try RISCVHart(windows: [(.init(base), window)])
    core.reset(pc: .init(image.entry))
    for _ in 0..<10_000 {
      let exit = core.run(upTo: 1000)
      let word = window.loadUInt32(at: Int(tohost - base))
      if word != 0 { return word }
      switch exit {
      case .budgetSpent: continue
      case .load, .store: core.refuseAccess()
      case .readTime(let upper):
        core.completeLoad(upper ? 0 : UInt32(truncatingIfNeeded: core.stepCount))
      default: return nil
      }
    }
    return nil
  }

  @Test(
    "Every program reports success",
    .enabled(if: folder != nil, "set RISCV_TESTS to a folder of rv32 -p- ELF files"))
  func allPrograms() throws {
    var passed = 0
    for url in try Self.programs() {
      guard let image = TestImage(contentsOf: url) else { continue }
      let result = try Self.result(of: image)
      let text = result.map { "reports \($0), failed test \($0 >> 1)" } ?? "does not report"
      #expect(result == 1, "\(url.lastPathComponent) \(text)")
      if result == 1 { passed += 1 }
    }
    print("\(passed) programs passed")
    #expect(passed > 0, "no ELF32 program in the folder")
  }
}

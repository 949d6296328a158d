import Foundation

/// The C firmware of `Fixtures/CFirmware`, built with the cross compiler of the machine.
enum CFirmware {
  /// The compiler, if it is installed.
  static let compiler: String? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    return path.split(separator: ":").map { "\($0)/riscv64-unknown-elf-gcc" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../Fixtures/CFirmware").path

  /// The image with the given switches of `echo.c` set.
  static func image(_ switches: [String]) throws -> [UInt8] {
    let file = NSTemporaryDirectory() + "c-firmware-\(UUID().uuidString).elf"
    try build(switches, to: file)
    defer { unlink(file) }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  /// Writes the image with the given switches to `file`.
  static func build(_ switches: [String], to file: String) throws {
    guard let compiler else { throw CFirmwareError.noCompiler }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: compiler)
    process.arguments =
      [
        "-march=rv32imac_zicsr", "-mabi=ilp32", "-O1", "-fno-inline", "-ffreestanding",
        "-nostdlib", "-Wl,--build-id=none", "-T", "\(sources)/virt-rv32.ld", "-o", file,
        "\(sources)/start.S", "\(sources)/echo.c",
      ] + switches.map { "-D\($0)" }
    process.standardError = output
    try process.run()
    let text = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CFirmwareError.notBuilt(text) }
  }
}

/// Why there is no C firmware.
enum CFirmwareError: Error {
  case noCompiler
  case notBuilt(String)
}

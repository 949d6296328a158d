import Coredump
import Foundation
import RprocCommands
import TestSupport
import Testing

/// Dumps of real crashes, opened with the tools that people have.
@Suite(
  "Dumps and debuggers",
  .enabled(
    if: CrashDebugFirmware.clang != nil && CrashDebugFirmware.linker != nil,
    "clang and ld.lld are not installed"))
struct CoredumpDebuggerTests {
  /// Boots the firmware, and dumps its crash.
  private func crash(_ folder: TemporaryFolder, form: String) throws -> (String, String) {
    let image = folder.path + "/crash.elf"
    let dump = folder.path + "/crash.core"
    try CrashDebugFirmware.build(to: image)
    let null = open("/dev/null", O_WRONLY)
    defer { close(null) }
    let context = CommandContext(output: null, errors: null, environment: [:])
    let status = RprocTool.run(
      ["run", image, "--timeout", "60", "--coredump", dump, "--coredump-form", form],
      context: context)
    #expect(status == 70)
    return (image, dump)
  }

  @Test(
    "C10: gdb shows the function and the line of a crash, and who called it",
    .enabled(if: Tool("gdb-multiarch") != nil, "gdb-multiarch is not installed"))
  func gdb() throws {
    let folder = try TemporaryFolder()
    let (image, dump) = try crash(folder, form: "elf")
    let gdb = try #require(Tool("gdb-multiarch"))
    let run = try gdb.run([
      "--batch", "--nx", "-ex", "backtrace", "-ex", "print readings", "-ex", "print *sensor",
      "-ex", "print trace_text", "-ex", "info registers pc sp a0", "-ex", "x/2i $pc", image, dump,
    ])
    let text = run.output
    let line = try CrashDebugFirmware.crashLine()
    #expect(run.status == 0, "\(run.errors)")
    #expect(text.contains("store_reading (sensor="), "\(text)\n\(run.errors)")
    #expect(text.contains("crash.c:\(line)"))
    #expect(text.contains("#1 ") && text.contains("poll_sensor (id=14)"))
    #expect(text.contains("#2 ") && text.contains("main ()"))
    #expect(text.contains("SIGBUS"))
    // The stack, the data and the carveout are all there.
    #expect(text.contains("$1 = 1\n"))
    #expect(text.contains("{id = 14, data = 0x40000000}"))
    #expect(text.contains("crash: polling sensor 14"))
    #expect(!run.errors.contains("arning: core file"), "\(run.errors)")
    #expect(!run.errors.contains("Unexpected size"), "\(run.errors)")
  }

  @Test(
    "C10: readelf opens each form of a real dump without a warning",
    .enabled(if: Tool("readelf") != nil, "readelf is not installed"),
    arguments: ["elf", "linux", "sections"])
  func readelf(form: String) throws {
    let folder = try TemporaryFolder()
    let (_, dump) = try crash(folder, form: form)
    let readelf = try #require(Tool("readelf"))
    let run = try readelf.run(["-a", "-W", dump])
    #expect(run.status == 0)
    #expect(run.errors.isEmpty, "\(run.errors)")
    #expect(!run.output.contains("arning"))
    #expect(run.output.contains("RISC-V"))
    var status = stat()
    try #require(stat(dump, &status) == 0)
    // 16 MiB of RAM, nearly all of it zero.
    #expect(status.st_size > 16 << 20)
    #expect(status.st_blocks * 512 < 1 << 20)
  }
}

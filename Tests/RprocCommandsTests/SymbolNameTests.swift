import RprocCommands
import Testing

@Suite("Names of functions in crash reports")
struct SymbolNameTests {
  @Test("Swift names are spelled as in source, others are left alone")
  func readable() {
    #expect(
      SymbolName.readable("$e13CrashFirmwareAAV4mainyyFZTf4d_n")
        == "CrashFirmware.CrashFirmware.main() -> ()")
    #expect(SymbolName.readable("main") == "main")
    #expect(SymbolName.readable("$d") == "$d")
    #expect(SymbolName.readable("") == "")
  }
}

import Foundation
import RprocCommands
import Testing

@Suite("Text and numbers of the output")
struct OutputTests {
  @Test("N02 T05 Nothing from the other side reaches a terminal as a control")
  func escaping() {
    #expect(SafeText.escaped("plain text äß") == "plain text äß")
    #expect(SafeText.escaped("a\u{1b}[2Jb") == "a\\u{1b}[2Jb")
    #expect(SafeText.escaped("a\r\nb\t\\") == "a\\r\\nb\\t\\\\")
    #expect(SafeText.escaped("\u{7f}\u{9b}31m") == "\\u{7f}\\u{9b}31m")
    #expect(SafeText.escaped("a\u{202e}b\u{2028}") == "a\\u{202e}b\\u{2028}")
    #expect(SafeText.escaped(bytes: [0x61, 0xff, 0x62]) == "a\u{fffd}b")
    #expect(SafeText.escaped("abcdef", limit: 3) == "abc...")
    #expect(SafeText.escaped("abc", limit: 3) == "abc")
  }

  @Test("T05 A line of 16 MiB is cut")
  func longLine() {
    let bytes = [UInt8](repeating: 0x41, count: 16 << 20)
    #expect(SafeText.escaped(bytes: bytes).count == SafeText.maxLineCount + 3)
  }

  @Test("JSON text is ASCII, and reads back as what went in")
  func json() throws {
    let text = "quote \" backslash \\ escape \u{1b} umlaut ä smile 😀 line\n"
    let value = JSONValue.object([
      JSONValue.Field("text", .string(text)),
      JSONValue.Field("list", .array([.integer(-1), .unsigned(.max), .bool(true), .null])),
      JSONValue.Field("t", .decimal(1.5, places: 6)),
      JSONValue.Field("bad", .decimal(.nan, places: 6)),
      JSONValue.Field("da", .address(0x8000_0000)),
    ])
    #expect(value.text.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    #expect(value.text.hasSuffix("\"t\":1.500000,\"bad\":null,\"da\":\"0x80000000\"}"))
    let parsed = try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any]
    #expect(parsed?["text"] as? String == text)
    #expect((parsed?["list"] as? [Any])?[1] as? UInt64 == .max)
  }

  @Test(
    "Sizes are exact where they can be",
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (5939, "5.8 KiB"), (65536, "64 KiB"),
      (16 << 20, "16 MiB"), (UInt64.max, "16.0 EiB"),
    ] as [(UInt64, String)])
  func sizes(byteCount: UInt64, text: String) {
    #expect(Decimals.size(byteCount) == text)
  }

  @Test(
    "Times have a unit that fits",
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1000, "1.0 us"), (12_345, "12 us"), (3_400_000, "3.4 ms"),
      (2_500_000_000, "2.50 s"),
    ] as [(UInt64, String)])
  func times(nanoseconds: UInt64, text: String) {
    #expect(Decimals.time(nanoseconds: nanoseconds) == text)
  }

  @Test("Fixed decimals round, and keep their zeros")
  func decimals() {
    #expect(Decimals.fixed(0, places: 3) == "0.000")
    #expect(Decimals.fixed(1.0005, places: 3) == "1.001")
    #expect(Decimals.fixed(-0.04, places: 1) == "0.0")
    #expect(Decimals.fixed(-2.25, places: 1) == "-2.3")
    #expect(Decimals.fixed(640.4, places: 0) == "640")
  }

  @Test("Colours only on a terminal, and never against NO_COLOR")
  func colours() {
    #expect(Palette(isTerminal: true, environment: ["TERM": "xterm"]).isColoured)
    #expect(!Palette(isTerminal: false, environment: ["TERM": "xterm"]).isColoured)
    #expect(!Palette(isTerminal: true, environment: ["NO_COLOR": "1"]).isColoured)
    #expect(Palette(isTerminal: true, environment: ["NO_COLOR": ""]).isColoured)
    #expect(!Palette(isTerminal: true, environment: ["TERM": "dumb"]).isColoured)
    #expect(Palette(isColoured: false).paint("x", .bad) == "x")
    #expect(Palette(isColoured: true).paint("x", .bad) == "\u{1b}[1;31mx\u{1b}[0m")
  }

  @Test(
    "The hash is the one of FIPS 180-4",
    arguments: [
      (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
      (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
      (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
      (1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func sha256(count: Int, digest: String) {
    #expect(SHA256(of: [UInt8](repeating: 0x61, count: count)).hex == digest)
  }
}

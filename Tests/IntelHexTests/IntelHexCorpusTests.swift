import IntelHex
import TestSupport
import Testing

@Suite("Corpus of the Intel HEX fuzzer")
struct IntelHexCorpusTests {
  private static let corpus = FuzzCorpus(target: "FuzzIntelHex")

  private static func seeds() -> [(String, [UInt8])] {
    let data = HexText.record(0, 0x10, [1, 2, 3, 4])
    return [
      ("linear", [HexText.linear(0x8000), data, HexText.start(0x8000_0010), HexText.end]),
      (
        "segmented",
        [HexText.segmented(0x1234), data, HexText.record(3, 0, [1, 2, 3, 4]), HexText.end]
      ),
      ("order", [HexText.record(0, 0x20, [9]), data, HexText.end]),
      ("overlap", [data, HexText.record(0, 0x12, [9]), HexText.end]),
      ("no-end", [data]),
    ].map { ($0.0, HexText.file($0.1)) }
      + [("returns", HexText.file([data, HexText.end], newline: "\r\n"))]
  }

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for (name, bytes) in Self.seeds() {
      #expect(try Self.corpus.isCurrent(name, bytes), "\(name)")
    }
  }

  @Test("Every input of the corpus is read or refused")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= Self.seeds().count)
    for input in inputs {
      do throws(IntelHexError) {
        let file = try IntelHexFile(parsing: input.bytes)
        #expect(file.segments.reduce(0) { $0 + $1.byteCount } == file.contents.count)
      } catch { #expect(!error.description.isEmpty) }
    }
  }
}

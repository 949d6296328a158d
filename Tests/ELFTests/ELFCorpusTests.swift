import TestSupport
import Testing

@Suite("Corpus of the ELF fuzzer")
struct ELFCorpusTests {
  private static let corpus = FuzzCorpus(target: "FuzzELF")

  private static func image(_ is64: Bool) -> ELFImage {
    var image = ELFImage(is64: is64, table: [1, 0, 0, 0] + [UInt8](repeating: 0, count: 12))
    image.segments.append(
      ELFImage.Segment(address: 0x8000_2000, bytes: [1, 2, 3], memoryByteCount: 64))
    image.symbols = [
      ELFImage.Symbol(name: "main", value: 0x8000_0010),
      ELFImage.Symbol(name: "data", value: 0x8000_2000, info: 1),
    ]
    return image
  }

  /// The inputs that start the fuzzer, by file name.
  private static func seeds() -> [(String, [UInt8])] {
    var arm = image(false)
    arm.machine = 40
    arm.entry = 0x8000_0001
    var twice = image(false)
    twice.sections.append(twice.sections[0])
    var empty = image(true)
    empty.sections[0].type = 8
    return [
      ("elf32", image(false).build()), ("elf64", image(true).build()), ("arm", arm.build()),
      ("two-tables", twice.build()), ("nobits", empty.build()),
      ("header32", Array(ELFImage().build().prefix(52))),
      ("header64", Array(ELFImage(is64: true).build().prefix(64))),
    ]
  }

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for (name, bytes) in Self.seeds() {
      #expect(try Self.corpus.isCurrent(name, bytes), "\(name)")
    }
  }

  @Test("Every input of the corpus is read to the end")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= Self.seeds().count)
    for input in inputs { readEverything(input.bytes) }
  }
}

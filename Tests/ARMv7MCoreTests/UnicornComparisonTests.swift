import Foundation
import Testing

/// Random programs on this core and on the one of the PyPI package `unicorn`; see
/// Scripts/compare-unicorn.
private enum Unicorn {
  static let environment = ProcessInfo.processInfo.environment
  static let python = environment["UNICORN_PYTHON"]
  static let count = environment["UNICORN_STREAMS"].flatMap { Int($0) } ?? 200
  static let seed = environment["UNICORN_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...1 << 40)

  /// Runs all programs in one process; a result for each.
  static func run(_ streams: [RandomStream], hasFloat: Bool) throws -> [StreamResult] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("unicorn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var input = Data()
    for stream in streams {
      var words = stream.registers + stream.floats
      words.append(stream.end)
      for word in words { withUnsafeBytes(of: word.littleEndian) { input.append(contentsOf: $0) } }
      input.append(contentsOf: stream.memory)
    }
    let (inputFile, outputFile) = (
      folder.appendingPathComponent("in"), folder.appendingPathComponent("out")
    )
    try input.write(to: inputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Scripts/unicorn-streams.py").standardized.path
    process.arguments = [script, inputFile.path, outputFile.path, hasFloat ? "float" : "integer"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let output = [UInt8](try Data(contentsOf: outputFile))
    let size = (15 + 1 + 32 + 1 + 1) * 4 + RandomStream.byteCount
    try #require(output.count == size * streams.count)
    return (0..<streams.count).map { result(output[($0 * size)..<(($0 + 1) * size)]) }
  }

  private static func result(_ bytes: ArraySlice<UInt8>) -> StreamResult {
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) {
        $0 | UInt32(bytes[bytes.startIndex + 4 * index + $1]) << (8 * UInt32($1))
      }
    }
    let error = word(49)
    return StreamResult(
      registers: (0..<15).map(word), flags: word(15) & 0xf80f_0000,
      floats: (16..<48).map(word), floatStatus: word(48),
      memory: Array(bytes.dropFirst(200)), failure: error == 0 ? nil : "unicorn error \(error)")
  }
}

@Suite("Random programs compared with Unicorn", .enabled(if: Unicorn.python != nil))
struct UnicornComparisonTests {
  @Test("Integer programs end in the same state")
  func integers() throws { try compare(hasFloat: false) }

  @Test("Programs with floating point end in the same state")
  func floats() throws { try compare(hasFloat: true) }

  private func compare(hasFloat: Bool) throws {
    print("compare-unicorn: seed \(Unicorn.seed), \(Unicorn.count) programs")
    let seeds = (0..<UInt64(Unicorn.count)).map { Unicorn.seed + $0 }
    let streams = seeds.map { RandomStream(seed: $0, length: 120, hasFloat: hasFloat) }
    let theirs = try Unicorn.run(streams, hasFloat: hasFloat)
    var differences = 0
    for (index, stream) in streams.enumerated() {
      let ours = try stream.run(hasFloat: hasFloat)
      if let text = ours.difference(from: theirs[index]) {
        differences += 1
        Issue.record("seed \(seeds[index]): \(text)")
      }
      if differences > 10 { break }
    }
    #expect(differences == 0)
  }
}

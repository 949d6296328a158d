import Foundation
import Testing

/// Runs random programs on this core and on Spike, and compares each step; see
/// `Scripts/compare-spike`.
///
/// `SPIKE` names the program, `SPIKE_STREAMS` how many programs to compare (default 20), and
/// `SPIKE_SEED` the seed of the first.
@Suite("Agreement with Spike")
struct SpikeComparisonTests {
  static let environment = ProcessInfo.processInfo.environment
  static let spike = environment["SPIKE"]

  @Test("Random programs", .enabled(if: spike != nil, "set SPIKE, or use Scripts/compare-spike"))
  func randomPrograms() throws {
    let spike = try #require(Self.spike)
    let first = Self.environment["SPIKE_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 48)
    let count = Self.environment["SPIKE_STREAMS"].flatMap { UInt64($0) } ?? 20
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "compare-spike-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("seeds \(first)..<\(first + count)")
    var steps: UInt64 = 0
    for seed in first..<first + count {
      let program = RandomProgram(seed: seed)
      let run = try SpikeRun(program, spike: spike, steps: 2000, folder: folder)
      var comparison = try SpikeComparison(program)
      let difference = comparison.run(run.log.events)
      #expect(difference == nil, "seed \(seed), step \(comparison.stepCount)")
      #expect(try comparison.differenceInChunks(program, seed) == nil, "seed \(seed)")
      steps += comparison.stepCount
    }
    print("\(count) programs, \(steps) steps compared")
    #expect(steps > 0)
  }
}

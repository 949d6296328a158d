import Testing

@Suite("Random programs in one piece and step by step")
struct StreamTests {
  @Test("Blocks and single steps give the same state", arguments: [false, true])
  func blocksAndSteps(hasFloat: Bool) throws {
    for seed in 1...40 as ClosedRange<UInt64> {
      let stream = RandomStream(seed: seed, length: 120, hasFloat: hasFloat)
      let whole = try stream.run(hasFloat: hasFloat)
      for budget in [1, 7] as [UInt64] {
        let pieces = try stream.run(hasFloat: hasFloat, budget: budget)
        #expect(pieces.difference(from: whole) == nil, "seed \(seed), \(budget) steps at a time")
      }
    }
  }
}

import HostileSides
import TestSupport
import Testing

@Suite("Corpus of the fuzzer of large messages")
struct TransferCorpusTests {
  private typealias Step = HostileTransferPeer.Step

  private static let corpus = FuzzCorpus(target: "FuzzTransfers")

  private static func frame(_ kind: UInt8, _ code: UInt8 = 0, _ numbers: [UInt8]) -> [UInt8] {
    [Step.frame.rawValue, kind, code] + numbers + [1]
  }

  private static func fragment(
    _ transfer: UInt8, total: UInt8, offset: UInt8, count: UInt8
  ) -> [UInt8] {
    [Step.fragment.rawValue, 0, transfer, total, offset, count, 1]
  }

  /// Memory of 256 bytes, windows of 100, greeted by the peer.
  private static let start: [UInt8] = [64, 99, 99, 0] + frame(1, 0, [7, 200, 0])

  private static let seeds: [(name: String, bytes: [UInt8])] = {
    let next: [UInt8] = [Step.next.rawValue, 60]
    let receive =
      start + next + frame(2, 0, [1, 150, 0]) + next
      + fragment(1, total: 150, offset: 0, count: 100) + next
      + fragment(1, total: 150, offset: 100, count: 50) + next + [Step.release.rawValue]
    let send =
      start + next + [Step.send.rawValue, 90] + next + frame(3, 0, [1, 90, 0]) + next + next
      + frame(5, 0, [1, 90, 0])
    return [
      ("receive", receive),
      ("send", send),
      ("gap", start + frame(2, 0, [1, 150, 0]) + fragment(1, total: 150, offset: 1, count: 1)),
      (
        "held",
        receive.dropLast() + frame(2, 0, [2, 9, 0])
          + fragment(2, total: 9, offset: 0, count: 9) + [Step.release.rawValue]
      ),
      ("restart", send.dropLast(7) + frame(1, 0, [8, 9, 0]) + [Step.cancel.rawValue]),
    ]
  }()

  @Test("The committed seeds are what the generator makes")
  func current() throws {
    for seed in Self.seeds {
      #expect(try Self.corpus.isCurrent(seed.name, seed.bytes), "\(seed.name)")
    }
  }

  @Test("The seeds reach whole messages in both directions, and broken ones")
  func reach() {
    let counts = Self.seeds.map { seed in
      var run = HostileTransferPeer(FuzzInput(seed.bytes))
      run.run()
      return [run.messageCount, run.outcomeCount, run.dropCount]
    }
    #expect(counts[0] == [1, 0, 0])
    #expect(counts[1] == [0, 1, 0])
    #expect(counts[2] == [0, 0, 1])
    #expect(counts[3] == [1, 0, 1])
  }

  @Test("Every input of the corpus runs to its end")
  func replay() throws {
    let inputs = try Self.corpus.inputs()
    #expect(inputs.count >= Self.seeds.count)
    for input in inputs {
      var run = HostileTransferPeer(FuzzInput(input.bytes))
      run.run()
    }
  }
}

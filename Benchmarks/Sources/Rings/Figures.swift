import Foundation

/// One measured value.
struct Sample {
  var nanoseconds: Double
  /// Involuntary switches while it was taken.
  var switches: Int
  /// A round trip of one cache line just before and after, in tests of two threads.
  var probe: Double?
}

/// Which test of what.
struct FigureName: Hashable {
  var implementation: String
  var test: String
  var payload: Int
}

/// The samples of all tests, in the order in which tests came first.
struct Figures {
  private(set) var names: [FigureName] = []
  private var samples: [FigureName: [Sample]] = [:]

  static let header = "impl,test,payload,min_ns,p25_ns,median_ns,max_ns,runs,nivcsw"

  mutating func add(_ implementation: String, _ test: String, _ payload: Int, _ sample: Sample) {
    let name = FigureName(implementation: implementation, test: test, payload: payload)
    if samples[name] == nil { names.append(name) }
    samples[name, default: []].append(sample)
  }

  /// The samples that count.
  ///
  /// Of two threads these are those that nobody interrupted, in the placement that most of them
  /// had; all of them, if every one was interrupted: the last column tells.
  private func kept(_ name: FigureName) -> [Sample] {
    let all = samples[name] ?? []
    guard all.contains(where: { $0.probe != nil }) else { return all }
    let quiet = all.filter { $0.switches == 0 }
    let candidates = quiet.isEmpty ? all : quiet
    let groups = candidates.map { base in
      candidates.filter { Placement.isSame($0.probe ?? 0, base.probe ?? 0) }
    }
    return groups.max { $0.count < $1.count } ?? candidates
  }

  /// The lines of the CSV; the probe of a test stands before it.
  var lines: [String] {
    var lines = [Self.header]
    for name in names {
      let kept = kept(name)
      let switches = kept.reduce(0) { $0 + $1.switches }
      let probes = kept.compactMap(\.probe)
      if !probes.isEmpty {
        lines.append(Self.line("\(name.implementation),pingpong,0", probes, switches))
      }
      lines.append(
        Self.line(
          "\(name.implementation),\(name.test),\(name.payload)", kept.map(\.nanoseconds), switches))
    }
    return lines
  }

  private static func line(_ name: String, _ values: [Double], _ switches: Int) -> String {
    let sorted = values.sorted()
    let numbers = [
      sorted[0], sorted[sorted.count / 4], sorted[sorted.count / 2], sorted[sorted.count - 1],
    ]
    let texts = numbers.map { String(format: "%.2f", $0) }
    return name + "," + texts.joined(separator: ",") + ",\(sorted.count),\(switches)"
  }
}

/// Where two threads sit, as the round trip of a cache line tells.
enum Placement {
  /// Whether two round trips are those of one placement.
  static func isSame(_ first: Double, _ second: Double) -> Bool {
    first <= second * 1.3 && second <= first * 1.3
  }
}

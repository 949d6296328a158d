import Foundation

/// A line of a threshold file: one figure divided by another, and what it may be.
struct Ratio {
  var title: String
  var numerator: FigureName
  var denominator: FigureName
  var must: Double
  var aim: Double

  /// The rules in a file of `Thresholds/`: title, two names of figures, must, aim; `#` comments.
  static func read(_ name: String) throws -> [Ratio] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Thresholds")
    let text = try String(
      contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let fields = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      guard fields.count == 9, let first = FigureName(fields[1...3]),
        let second = FigureName(fields[4...6]), let must = Double(fields[7]),
        let aim = Double(fields[8])
      else { throw UnreadableLine(line: String(line)) }
      return Ratio(
        title: fields[0], numerator: first, denominator: second, must: must, aim: aim)
    }
  }
}

/// A line that is not as it must be.
struct UnreadableLine: Error {
  var line: String
}

extension FigureName {
  init?(_ fields: ArraySlice<String>) {
    let fields = Array(fields)
    guard fields.count == 3, let payload = Int(fields[2]) else { return nil }
    self.init(implementation: fields[0], test: fields[1], payload: payload)
  }
}

/// Medians from CSV lines of any number of runs, each with the probe that stood before it.
struct Medians {
  private struct Value {
    var median: Double
    var probe: Double?
  }

  private var values: [FigureName: [Value]] = [:]

  /// Takes in the lines of one run; headers are left out.
  mutating func add(_ lines: [String]) throws {
    var probe: Double?
    for line in lines where !line.isEmpty && line != Figures.header {
      let fields = line.split(separator: ",").map(String.init)
      guard fields.count == 9, let name = FigureName(fields[0...2]), let median = Double(fields[5])
      else { throw UnreadableLine(line: line) }
      if name.test == "pingpong" {
        probe = median
      } else {
        values[name, default: []].append(Value(median: median, probe: probe))
        probe = nil
      }
    }
  }

  /// The median of a figure over all runs.
  func median(_ name: FigureName) -> Double? {
    (values[name] ?? []).map(\.median).sorted().middle
  }

  /// The median ratio over all pairs of runs that had the same placement, with the two medians.
  func ratio(_ rule: Ratio) -> (ratio: Double, numerator: Double, denominator: Double)? {
    var ratios: [Double] = []
    for first in values[rule.numerator] ?? [] {
      for second in values[rule.denominator] ?? [] {
        if let one = first.probe, let other = second.probe, !Placement.isSame(one, other) {
          continue
        }
        if second.median > 0 { ratios.append(first.median / second.median) }
      }
    }
    guard let ratio = ratios.sorted().middle, let first = median(rule.numerator),
      let second = median(rule.denominator)
    else { return nil }
    return (ratio, first, second)
  }
}

extension [Double] {
  /// The middle element of a sorted array.
  fileprivate var middle: Double? { isEmpty ? nil : self[count / 2] }
}

import Foundation

/// Ratios beside what they must be.
enum Report {
  /// A table of the rules in `file`; returns how many are not met.
  static func print(_ file: String, _ medians: Medians) throws -> Int {
    var failures = 0
    Swift.print("| | must | aim | measured | ns | |\n|---|--:|--:|--:|--:|---|")
    for rule in try Ratio.read(file) {
      let limits = "| \(rule.title) | \(rule.must) | \(rule.aim) "
      guard let found = medians.ratio(rule) else {
        Swift.print(limits + "| - | | not measured |")
        continue
      }
      let isMet = found.ratio <= rule.must
      if !isMet { failures += 1 }
      let verdict = isMet ? (found.ratio <= rule.aim ? "aim" : "must") : "missed"
      Swift.print(
        limits + String(format: "| %.2f ", found.ratio)
          + String(format: "| %.1f / %.1f ", found.numerator, found.denominator)
          + "| \(verdict) |")
    }
    for (title, test) in [("bus", "swift-rpmsgbus"), ("owner", "swift-rpmsg")] {
      let name = FigureName(implementation: test, test: "allocations_1000", payload: 64)
      guard let count = medians.median(name) else { continue }
      if count > 0 { failures += 1 }
      Swift.print(
        "| allocations for 1,000 messages, \(title) | 0 | 0 | \(count) | | "
          + "\(count > 0 ? "missed" : "aim") |")
    }
    return failures
  }
}

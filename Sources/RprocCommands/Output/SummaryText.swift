/// The last line of a run.
package struct SummaryText: Sendable {
  /// The colours.
  package var palette: Palette

  /// Formats with `palette`.
  package init(palette: Palette) { self.palette = palette }

  /// Messages, round trips and instructions on one line.
  package func line(_ summary: SummaryEvent) -> String {
    var parts: [String] = []
    if summary.messages + summary.lost + summary.wrong > 0 {
      let isGood = summary.lost == 0 && summary.wrong == 0
      let noun = summary.messages == 1 ? "message" : "messages"
      var text = "\(summary.messages) \(noun) answered, \(summary.lost) lost"
      if summary.wrong > 0 { text += ", \(summary.wrong) wrong" }
      parts.append(palette.paint(text, isGood ? .good : .bad))
    }
    if let rate = summary.rate {
      parts.append("\(Decimals.count(UInt64(max(0, rate)))) messages/s")
    }
    if let latency = summary.latency {
      var times = [("p50", latency.p50), ("p99", latency.p99)]
      if summary.rate != nil {
        times.insert(("p90", latency.p90), at: 1)
        times.append(("max", latency.max))
      }
      let text = times.map { "\($0) \(Decimals.time(nanoseconds: $1))" }
      parts.append("round trip \(text.joined(separator: ", "))")
    }
    if let instructions = summary.instructions {
      var text = "\(Decimals.count(instructions)) instructions"
      if let mips = summary.mips { text += ", \(Decimals.fixed(mips, places: 0)) MIPS" }
      parts.append(text)
    }
    return parts.isEmpty
      ? "ran for \(Decimals.fixed(summary.seconds, places: 3)) s" : parts.joined(separator: "   ")
  }
}

/// What a check found, for people and for programs.
struct CheckOutput {
  /// The name of the image.
  let image: String
  /// The name of the board.
  let board: String
  /// The name of the profile.
  let profile: String
  /// What was found, errors first.
  let findings: [Finding]
  /// Errors that are not listed.
  let omittedCount: Int

  private var errorCount: Int {
    findings.count { $0.severity == .error } + omittedCount
  }
  private var warningCount: Int { findings.count { $0.severity == .warning } }

  /// Each finding as an event, and a summary; `seconds` is the time since the command began.
  func json(seconds: Double) -> [JSONValue] {
    func event(_ name: String, _ fields: [JSONValue.Field]) -> JSONValue {
      .object(
        [
          JSONValue.Field("event", .string(name)),
          JSONValue.Field("t", .decimal(seconds, places: 6)),
        ] + fields)
    }
    return findings.map { event("finding", $0.fields) } + [
      event(
        "summary",
        [
          JSONValue.Field("image", .string(image)), JSONValue.Field("board", .string(board)),
          JSONValue.Field("profile", .string(profile)),
          JSONValue.Field("errors", .count(errorCount)),
          JSONValue.Field("warnings", .count(warningCount)),
        ])
    ]
  }

  /// Most findings that people are shown.
  private static let maxCount = 256

  /// Lines for people.
  func lines(_ palette: Palette) -> [String] {
    var lines = [
      palette.paint(SafeText.escaped(image, limit: 80), .accent)
        + "   board \(board)   profile \(profile)"
    ]
    guard !findings.isEmpty else { return lines + ["no findings"] }
    let shown = findings.prefix(Self.maxCount)
    let width = shown.map(\.rule.rawValue.count).max() ?? 0
    for finding in shown { lines += [""] + self.lines(of: finding, ruleWidth: width, palette) }
    let rest = findings.count - shown.count
    if rest > 0 { lines += ["", "and \(rest) more; --json lists all"] }
    return lines + ["", total]
  }

  private func lines(
    of finding: Finding, ruleWidth: Int, _ palette: Palette
  ) -> [String] {
    let isError = finding.severity == .error
    let severity = palette.paint(
      Columns.left(finding.severity.rawValue, 7), isError ? .bad : .label)
    let rule = palette.paint(Columns.left(finding.rule.rawValue, ruleWidth), .accent)
    let place = finding.place.map { place in
      "offset \(Hex.address(UInt64(place.lowerBound)))  \(Self.spaced(finding.bytes))"
    }
    let first = "\(severity)  \(rule)  \(place ?? "")"
    return [
      String(first.reversed().drop { $0 == " " }.reversed()), "         \(finding.message)",
      "         " + palette.paint("-> \(finding.advice)", .dim),
    ]
  }

  /// The first 16 bytes, apart.
  private static func spaced(_ bytes: [UInt8]) -> String {
    bytes.prefix(16).map { Hex.digits([$0]) }.joined(separator: " ")
      + (bytes.count > 16 ? " ..." : "")
  }

  private var total: String {
    func text(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
    return [
      errorCount > 0 ? text(errorCount, "error") : nil,
      warningCount > 0 ? text(warningCount, "warning") : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}

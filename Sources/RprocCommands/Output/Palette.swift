/// Colours of the terminal, or none.
package struct Palette: Equatable, Sendable {
  /// What a piece of text is.
  package enum Role: Sendable {
    case dim, label, good, bad, accent
  }

  /// Whether colours are written.
  package var isColoured: Bool

  /// Writes colours only if `isColoured`.
  package init(isColoured: Bool) { self.isColoured = isColoured }

  /// Colours for a terminal, unless the user's `NO_COLOR` is set to anything or the terminal is
  /// `dumb`.
  package init(isTerminal: Bool, environment: [String: String]) {
    let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isColoured = isTerminal && !isRefused && environment["TERM"] != "dumb"
  }

  /// `text` in the colour of `role`.
  package func paint(_ text: String, _ role: Role) -> String {
    guard isColoured, !text.isEmpty else { return text }
    let code =
      switch role {
      case .dim: "2"
      case .label: "36"
      case .good: "32"
      case .bad: "1;31"
      case .accent: "1"
      }
    return "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}

import Scheduling

/// A line on a terminal that tells how far a long piece of work has come.
struct ProgressLine {
  private let total: Int
  private let file: OutputFile
  private let start = MonotonicTime.now
  private var isShown = false

  /// Tells of work of `total` steps on `file`, if that is a terminal.
  init(total: Int, file: OutputFile) {
    self.total = total
    self.file = file
  }

  /// Shows that `count` steps are done, once the work has taken a second.
  mutating func show(_ count: Int) {
    let seconds = MonotonicTime.now.since(start) / .seconds(1)
    guard file.isTerminal, seconds >= 1 else { return }
    isShown = true
    file.write("\r\u{1b}[K\(Self.text(count, of: total, seconds: seconds))")
  }

  /// Removes the line.
  mutating func clear() {
    guard isShown else { return }
    isShown = false
    file.write("\r\u{1b}[K")
  }

  /// The text of the line.
  static func text(_ count: Int, of total: Int, seconds: Double) -> String {
    let percent = total > 0 ? count * 100 / total : 100
    let rate = UInt64(max(0, Double(count) / max(seconds, 1e-9)))
    return "\(count) of \(total)   \(percent) %   \(Decimals.count(rate)) messages/s"
  }
}

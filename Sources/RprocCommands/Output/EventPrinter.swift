/// Writes events in the form that the user asked for.
package struct EventPrinter {
  /// How events are shown.
  package enum Format: Equatable, Sendable {
    /// One JSON object for each event.
    case json
    /// Lines for people; of a series of messages that is longer, only `shown` at its start and
    /// number `last`.
    case human(seriesStart: Int?, last: Int)
    /// Of the lines for people only the header, the summary and what went wrong.
    case brief
    /// The firmware's own text on standard output, and all else on standard error.
    case plain(trace: Bool, console: Bool)

    /// Lines for people, all of them.
    package static let everything = Format.human(seriesStart: nil, last: 0)
  }

  private let format: Format
  private let output: OutputFile
  private let errors: OutputFile
  private let human: HumanEvents
  private let humanErrors: HumanEvents
  private var hasElided = false

  /// Writes to the files of `context`.
  package init(format: Format, context: CommandContext) {
    self.format = format
    output = context.output
    errors = context.errors
    human = HumanEvents(palette: context.outputPalette)
    humanErrors = HumanEvents(palette: context.errorPalette)
  }

  /// Writes `records` in order.
  package mutating func print(_ records: [EventRecord]) {
    var text = ""
    for record in records {
      switch format {
      case .json: text += record.json.text + "\n"
      case .human(let start, let last): text += humanLine(record, start: start, last: last)
      case .brief:
        if record.event.isBrief { text += human.text(of: record) + "\n" }
      case .plain(let trace, let console):
        if let line = Self.plainLine(record.event, trace: trace, console: console) {
          text += line + "\n"
        } else {
          let line = humanErrors.text(of: record)
          if !line.isEmpty { errors.line(line) }
        }
      }
    }
    if !text.isEmpty { output.write(text) }
  }

  private mutating func humanLine(_ record: EventRecord, start: Int?, last: Int) -> String {
    if case .message(let message) = record.event, message.direction == .received, let start,
      let number = message.number, number > start, number != last
    {
      guard !hasElided else { return "" }
      hasElided = true
      return "       ...\n"
    }
    let line = human.text(of: record)
    return line.isEmpty ? "" : line + "\n"
  }

  private static func plainLine(_ event: Event, trace: Bool, console: Bool) -> String? {
    switch event {
    case .trace(_, let text) where trace: SafeText.escaped(text)
    case .console(let text) where console: SafeText.escaped(text)
    default: nil
    }
  }
}

extension Event {
  /// Whether the event is shown to people who only want the result.
  fileprivate var isBrief: Bool {
    switch self {
    case .firmware, .summary, .crash, .error, .exit, .lost: true
    default: false
    }
  }
}

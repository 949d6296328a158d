import Foundation
package import Scheduling

/// What a command has to do with the outside: where it writes, and when it began.
package struct CommandContext: Sendable {
  /// Results and events.
  package let output: OutputFile
  /// Logs, errors and progress.
  package let errors: OutputFile
  /// Variables of the environment.
  package let environment: [String: String]
  /// When the command began; times of events count from here.
  package let start: MonotonicTime
  /// Interrupts of this process before the command began.
  private let interruptsBefore: Int

  /// Writes to these descriptors.
  package init(
    output: Int32 = STDOUT_FILENO, errors: Int32 = STDERR_FILENO,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.output = OutputFile(descriptor: output)
    self.errors = OutputFile(descriptor: errors)
    self.environment = environment
    start = .now
    interruptsBefore = Interrupts.seen
  }

  /// Whether the user asked to stop since the command began.
  var isInterrupted: Bool { Interrupts.seen != interruptsBefore }

  /// Whether nobody gets what is written to ``output`` any more.
  var isUnread: Bool { output.failure != nil || output.isAbandoned }

  /// Colours for ``output``.
  package var outputPalette: Palette {
    Palette(isTerminal: output.isTerminal, environment: environment)
  }

  /// Colours for ``errors``.
  package var errorPalette: Palette {
    Palette(isTerminal: errors.isTerminal, environment: environment)
  }

  /// Tells the user of a crash of the image at `path`, with the last trace lines.
  func report(_ crash: CrashEvent, of path: String) {
    errors.line(
      "\(errorPalette.paint("rproc:", .bad)) \(path.escapedPath): crashed: "
        + CrashText.line(crash))
    for line in CrashText.lastTrace(crash) { errors.line("rproc: \(line)") }
  }

  /// Tells the user of `failure`, and programs too if `json`.
  package func report(_ failure: Failure, json: Bool) {
    if json {
      let nanoseconds = MonotonicTime.now.nanoseconds - start.nanoseconds
      output.line(EventRecord(nanoseconds: nanoseconds, event: .error(failure)).json.text)
    }
    errors.line("\(errorPalette.paint("rproc:", .bad)) \(failure.message)")
  }
}

import ArgumentParser
import Foundation

/// The command `rproc`.
public enum RprocTool {
  /// The version that `rproc --version` prints.
  public static let version = "0.1.0"

  /// Runs the command line of this process and ends the process with its status.
  public static func main() -> Never {
    StandardDescriptors.occupy()
    // A reader that went away shows as a failed write, which the commands handle.
    signal(SIGPIPE, SIG_IGN)
    let context = CommandContext()
    Interrupts.install()
    let status = run(Array(CommandLine.arguments.dropFirst()), context: context)
    exit(status)
  }

  /// Runs `rproc` with `arguments` in this process and returns its exit status.
  package static func run(_ arguments: [String], context: CommandContext) -> Int32 {
    do {
      var command = try RprocCommand.parseAsRoot(arguments)
      guard let executable = command as? any ExecutableCommand else {
        try command.run()
        return 0
      }
      return execute(executable, context: context).code
    } catch {
      return explain(error, context: context)
    }
  }

  private static func execute(
    _ command: any ExecutableCommand, context: CommandContext
  ) -> CommandStatus {
    var status: CommandStatus
    do { status = try command.execute(context) } catch let failure as Failure {
      context.report(failure, json: command.wantsJSON)
      status = failure.status
    } catch {
      let failure = Failure(error, status: .remoteFailed)
      context.report(failure, json: command.wantsJSON)
      status = failure.status
    }
    return checkOutput(status, context: context)
  }

  // A reader that has seen enough (`| head`) is no failure; a full disk is.
  private static func checkOutput(_ status: CommandStatus, context: CommandContext) -> CommandStatus
  {
    guard let code = context.output.failure, code != EPIPE else { return status }
    context.errors.line("rproc: cannot write standard output: \(systemMessage(code))")
    return status == .done ? .outputFailed : status
  }

  private static func explain(_ error: any Error, context: CommandContext) -> Int32 {
    let code = RprocCommand.exitCode(for: error)
    let text = RprocCommand.fullMessage(for: error)
    if code == .success {
      context.output.line(text)
    } else {
      context.errors.line(text)
    }
    return checkOutput(code == .success ? .done : .usage, context: context).code
  }
}

/// A command that does something: it gets its surroundings, and tells how it ended.
protocol ExecutableCommand: ParsableCommand {
  /// Whether standard output carries JSON lines and nothing else.
  var wantsJSON: Bool { get }

  /// Does what was asked for.
  func execute(_ context: CommandContext) throws -> CommandStatus
}

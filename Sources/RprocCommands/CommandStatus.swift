/// How a command ended, as the shell sees it.
///
/// The numbers are a contract with other programs; they follow `sysexits.h` where it has one.
public enum CommandStatus: Equatable, Sendable {
  /// Everything asked for was done.
  case done
  /// The command line, or a board description it names, is wrong.
  case usage
  /// The image or its resource table was refused.
  case refused
  /// The image was not found or could not be read.
  case noInput
  /// The platform cannot be had on this machine.
  case unavailable
  /// The remote crashed or failed, or messages were lost.
  case remoteFailed
  /// Standard output, or the file to be made, could not be written.
  case outputFailed
  /// The time given by the user ended the run.
  case timedOut
  /// The user interrupted the run.
  case interrupted
  /// The firmware ended by itself with this code, 0 to 63.
  case firmware(UInt8)

  /// The result of firmware that ended with `code`; only 0 to 63 pass through.
  public init(firmwareCode code: UInt32) {
    self = code < 64 ? .firmware(UInt8(code)) : .remoteFailed
  }

  /// The number given to the shell.
  public var code: Int32 {
    switch self {
    case .done: 0
    case .usage: 64
    case .refused: 65
    case .noInput: 66
    case .unavailable: 69
    case .remoteFailed: 70
    case .outputFailed: 74
    case .timedOut: 75
    case .interrupted: 130
    case .firmware(let code): Int32(code)
    }
  }
}

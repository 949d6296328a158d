/// Something rare that a remote processor did.
public enum PlatformEvent: Equatable, Sendable {
  /// It crashed; nothing more comes from it until it is started again.
  case crash(CrashReport)
  /// It ended by itself with this code.
  case exited(code: UInt32)
  /// It wrote to its console.
  case console([UInt8])
  /// It wrote this word to its life-cycle register.
  case stateWord(UInt32)
}

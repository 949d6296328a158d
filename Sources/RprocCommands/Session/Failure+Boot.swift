import PlatformSimulator
import Remoteproc

extension Failure {
  /// A boot that failed: whether the image asks for what cannot be given, or the platform failed.
  init(boot error: RemoteprocError, path: String) {
    let status: CommandStatus =
      switch error {
      case .platform(.timedOut), .platform(.ended), .platform(.system(.start, _)),
        .platform(.system(.stop, _)):
        .remoteFailed
      case .platform(.system), .platform(.noIOMMU), .noIOMMU, .hostMemory: .unavailable
      case .illegalTransition, .tooManyUsers: .remoteFailed
      default: .refused
      }
    self.init(error, about: path, status: status)
  }
}

/// Why a bridge could not be made.
public enum BridgeError: Error, Equatable, Sendable {
  /// What the operating system was asked for.
  public enum Operation: Equatable, Sendable {
    /// A new pseudo-terminal.
    case openTerminal
    /// The link to a pseudo-terminal.
    case link
    /// A new socket, or its name.
    case bind
    /// Something to wake a thread with.
    case makeSignal
  }

  /// There is something of this name already that is not left over from a bridge.
  case pathInUse(path: String)
  /// The name of a socket is longer than the system takes; both numbers are bytes.
  case pathTooLong(path: String, byteCount: Int, limit: Int)
  /// The operating system refused with this `errno`.
  case system(Operation, path: String, errno: Int32)
}

extension BridgeError: CustomStringConvertible {
  /// One line for a person: what is wrong, and where.
  public var description: String {
    switch self {
    case .pathInUse(let path): "\(path): exists already; remove it, or take another name"
    case .pathTooLong(let path, let byteCount, let limit):
      "\(path): a socket's name has at most \(limit) bytes, this one has \(byteCount)"
    case .system(let operation, let path, let code):
      "\(path.isEmpty ? "" : "\(path): ")cannot \(operation.words): \(systemMessage(code))"
    }
  }
}

extension BridgeError.Operation {
  fileprivate var words: String {
    switch self {
    case .openTerminal: "open a pseudo-terminal"
    case .link: "make the link to the pseudo-terminal"
    case .bind: "listen on the socket"
    case .makeSignal: "make a descriptor to wake a thread with"
    }
  }
}

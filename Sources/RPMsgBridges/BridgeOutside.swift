/// What a bridge has on its outer side.
enum BridgeOutside: ~Copyable, Sendable {
  case terminal(PseudoTerminal)
  case socket(MessageSocket)
  case streams(input: Int32, output: Int32)

  /// The line that is always there, of what has just one.
  var fixedLine: BridgeLine? {
    switch self {
    case .terminal(let terminal):
      BridgeLine(input: terminal.master.number, output: terminal.master.number, overflow: .drop)
    case .streams(let input, let output):
      BridgeLine(input: input, output: output, overflow: .wait)
    case .socket: nil
    }
  }

  /// What new clients are accepted from.
  var listener: Int32? {
    switch self {
    case .socket(let socket): socket.listener.number
    default: nil
    }
  }

  /// Whether the end of the input is the end for good.
  var endsWithInput: Bool {
    switch self {
    case .streams: true
    default: false
    }
  }

  /// A client that waits to be accepted.
  func accept() -> Descriptor? {
    switch self {
    case .socket(let socket): socket.accept()
    default: nil
    }
  }
}

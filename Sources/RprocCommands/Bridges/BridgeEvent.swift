/// Something that happened on a bridge.
package struct BridgeEvent: Equatable, Sendable {
  /// What happened.
  package enum Action: Equatable, Sendable {
    /// Programs can open it.
    case ready
    /// A channel is open behind it.
    case opened
    /// The channel is gone.
    case closed
    /// A client came; so many are there now.
    case connected(count: Int)
    /// A client left; so many are there now.
    case disconnected(count: Int)
    /// So many bytes of the remote were dropped, as nobody reads them.
    case overflowed(byteCount: Int)
    /// So many bytes did not reach the remote, for this reason.
    case unsent(byteCount: Int, reason: String)
    /// There is no more input.
    case inputEnded
  }

  /// The name of the channels.
  package var channel: String
  /// `pty`, `socket` or `stdio`.
  package var kind: String
  /// The name the user gave; empty for `stdio`.
  package var path: String
  /// The terminal that the link leads to.
  package var terminal: String?
  /// What happened.
  package var action: Action

  /// The value of the field `action`.
  var actionName: String {
    switch action {
    case .ready: "ready"
    case .opened: "opened"
    case .closed: "closed"
    case .connected: "connected"
    case .disconnected: "disconnected"
    case .overflowed: "overflowed"
    case .unsent: "unsent"
    case .inputEnded: "inputEnded"
    }
  }

  /// The numbers that belong to the action, for programs.
  var actionFields: [JSONValue.Field] {
    switch action {
    case .ready, .opened, .closed, .inputEnded: []
    case .connected(let count), .disconnected(let count):
      [JSONValue.Field("clients", .count(count))]
    case .overflowed(let byteCount): [JSONValue.Field("len", .count(byteCount))]
    case .unsent(let byteCount, let reason):
      [JSONValue.Field("len", .count(byteCount)), JSONValue.Field("reason", .string(reason))]
    }
  }

  /// The event for people, without its name.
  var text: String {
    let outside = path.isEmpty ? kind : "\(kind) \(SafeText.escaped(path))"
    let head = "\(SafeText.escaped(channel)) <-> \(outside)"
    return switch action {
    case .ready: head + (terminal.map { " (\($0))" } ?? "")
    case .opened: "\(head): open"
    case .closed: "\(head): the channel is gone"
    case .connected(let count): "\(head): a client came, \(count) now"
    case .disconnected(let count): "\(head): a client left, \(count) now"
    case .overflowed(let byteCount): "\(head): \(byteCount) bytes dropped, nobody reads them"
    case .unsent(let byteCount, let reason):
      "\(head): \(byteCount) bytes not sent: \(SafeText.escaped(reason))"
    case .inputEnded: "\(head): end of the input"
    }
  }

  /// Whether something went wrong.
  var isBad: Bool {
    switch action {
    case .overflowed, .unsent: true
    default: false
    }
  }
}

/// A crash of the remote.
package struct CrashEvent: Equatable, Sendable {
  /// What happened, such as `busFault`.
  package var kind: String
  /// Where the remote was.
  package var pc: UInt64?
  /// The address that the remote could not reach.
  package var address: UInt64?
  /// What the remote wanted there: `read`, `write` or `fetch`.
  package var access: String?
  /// Further facts.
  package var detail: String
  /// The function that `pc` lies in and the distance from its start, when the image has symbols.
  package var symbol: String?
  /// The last lines of the trace buffers, oldest first.
  package var lastTrace: [String] = []

  /// Makes the event of a crash.
  package init(
    kind: String, pc: UInt64?, address: UInt64?, access: String? = nil, detail: String,
    symbol: String? = nil, lastTrace: [String] = []
  ) {
    self.kind = kind
    self.pc = pc
    self.address = address
    self.access = access
    self.detail = detail
    self.symbol = symbol
    self.lastTrace = lastTrace
  }
}

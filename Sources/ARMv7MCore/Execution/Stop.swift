/// Why the hot loop stopped, and at which record.
struct Stop {
  enum Reason {
    /// The record was executed (an end record passed); the program goes on at ``target``, whose
    /// block is unknown, stale, or too long for the deadline.
    case left
    /// The record was not executed: it needs the interpreter.
    case general
    /// The record, a store to ``target``, was executed and may have hit translated code.
    case wroteNearCode
  }

  let reason: Reason
  let index: Int
  let target: UInt32
}

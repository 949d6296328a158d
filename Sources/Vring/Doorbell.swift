public import WireTypes

/// How the other processor is told that a vring has something new for it.
///
/// A kick carries no data and may merge with other kicks or get lost on the way; the rings are the
/// truth. Any thread may call.
public protocol Doorbell: Sendable {
  /// Tells the other side to look at the vring whose notify id is `id`.
  func kick(_ id: NotifyID)
}

/// The messages of one channel, each with memory of its own, for one task to wait on.
///
/// It ends when the channel is closed, after the messages that were complete until then. When all
/// places for messages are taken the remote gets no more credit: nothing is dropped.
public struct LargeMessageStream: AsyncSequence, Sendable {
  /// A message.
  public typealias Element = [UInt8]
  /// A stream ends without an error.
  public typealias Failure = Never

  let core: LargeMessageCore

  /// Takes messages; all iterators of a channel share them.
  public func makeAsyncIterator() -> Iterator { Iterator(core: core) }

  /// Takes the messages of a channel one after another.
  public struct Iterator: AsyncIteratorProtocol {
    /// A message.
    public typealias Element = [UInt8]
    /// A stream ends without an error.
    public typealias Failure = Never

    let core: LargeMessageCore

    /// The oldest message that waits, or the next to come; `nil` at the end of the stream and
    /// when the task is cancelled.
    ///
    /// - Precondition: no other task waits on the same channel.
    public mutating func next() async -> [UInt8]? { await core.next() }
  }
}

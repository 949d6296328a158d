/// The messages of one endpoint, each with a copy of its own, for one task to wait on.
///
/// It ends when the endpoint is closed, after the messages that were received until then. Messages
/// wait in a queue of fixed size; ``RPMsgEndpoint/statistics`` counts those that found it full.
public struct RPMsgMessageStream: AsyncSequence, Sendable {
  /// A message.
  public typealias Element = RPMsgMessage
  /// A stream ends without an error.
  public typealias Failure = Never

  /// The endpoint that receives the messages; close it to end the stream.
  public let endpoint: RPMsgEndpoint
  private let queue: MessageQueue

  init(endpoint: RPMsgEndpoint, queue: MessageQueue) {
    self.endpoint = endpoint
    self.queue = queue
  }

  /// Takes messages out of the queue; all iterators of a stream share it.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }

  /// Takes the messages of a stream one after another.
  public struct Iterator: AsyncIteratorProtocol {
    /// A message.
    public typealias Element = RPMsgMessage
    /// A stream ends without an error.
    public typealias Failure = Never

    let queue: MessageQueue

    /// The oldest message that waits, or the next to come; `nil` at the end of the stream and
    /// when the task is cancelled.
    ///
    /// - Precondition: no other task waits on the same stream.
    public mutating func next() async -> RPMsgMessage? { await queue.next() }
  }
}

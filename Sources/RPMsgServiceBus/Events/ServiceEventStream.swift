public import RPMsgServices

/// An event of a service, as its client gets it.
public struct ServiceEvent<Value: WireMessage>: Sendable {
  /// What the server tells.
  public let value: Value
  /// The server's count of it.
  public let number: UInt32
  /// How many events that the server has counted before it did not come.
  public let missedCount: UInt32
}

/// The events of one client, for one task to wait on.
///
/// It ends when the client is closed or the remote is gone, after the events that came until then.
/// Events wait in a queue of fixed size; ``RPMsgServiceClient/statistics`` counts those that found
/// it full.
public struct ServiceEventStream<Value: WireMessage>: AsyncSequence, Sendable {
  /// An event.
  public typealias Element = ServiceEvent<Value>
  /// A stream ends without an error.
  public typealias Failure = Never

  let queue: EventQueue<Value>

  /// Takes events out of the queue; all iterators of a client share it.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }

  /// Takes the events of a stream one after another.
  public struct Iterator: AsyncIteratorProtocol {
    /// An event.
    public typealias Element = ServiceEvent<Value>
    /// A stream ends without an error.
    public typealias Failure = Never

    let queue: EventQueue<Value>

    /// The oldest event that waits, or the next to come; `nil` at the end of the stream and when
    /// the task is cancelled.
    ///
    /// - Precondition: no other task waits on the same stream.
    public mutating func next() async -> ServiceEvent<Value>? { await queue.next() }
  }
}

/// The text of a trace buffer from one moment on, in pieces, for one task to wait on.
///
/// It ends when its ``TraceFollower`` finishes or goes, after the text that waits. A reader that is
/// too slow is dropped: after the text that waited, the stream throws
/// ``TraceError/lagged(waitingByteCount:)``. A task that is cancelled gets the end at once. Bytes are
/// as the firmware wrote them; a terminal needs them escaped.
public struct TraceStream: AsyncSequence, Sendable {
  /// Some text, not empty.
  public typealias Element = [UInt8]
  /// A reader that was too slow.
  public typealias Failure = TraceError

  private let queue: TraceQueue

  init(_ queue: TraceQueue) { self.queue = queue }

  /// Takes text out of the queue; all iterators of a stream share it.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }

  /// Stops following, and frees what waits.
  public func cancel() { queue.abandon() }

  /// Takes the pieces of a stream one after another.
  public struct Iterator: AsyncIteratorProtocol {
    /// Some text, not empty.
    public typealias Element = [UInt8]
    /// A reader that was too slow.
    public typealias Failure = TraceError

    let queue: TraceQueue

    /// All text that waits, or the next to come; `nil` at the end of the stream and when the task
    /// is cancelled.
    ///
    /// - Throws: ``TraceError/lagged(waitingByteCount:)``, once, in place of the end.
    /// - Precondition: no other task waits on the same stream.
    public mutating func next() async throws(TraceError) -> [UInt8]? {
      try await queue.next().get()
    }

    /// As ``next()``, wherever the caller is isolated.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(TraceError) -> [UInt8]? {
      try await queue.next().get()
    }
  }
}

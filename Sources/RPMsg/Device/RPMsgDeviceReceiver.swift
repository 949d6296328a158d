public import SharedMemory
public import Vring
public import WireTypes

/// Messages from the host to the remote: the virtio device's end of vring 1.
///
/// One owner, no locks. A buffer goes back as soon as its message has been copied out;
/// ``publish()`` shows that to the host, once for many messages.
public struct RPMsgDeviceReceiver<Memory: ForeignMemory>: ~Copyable, Sendable {
  @usableFromInline var ring: VringDevice<Memory>
  /// The number by which the host is kicked.
  public let notifyID: NotifyID

  /// Takes over the device role of vring 1.
  public init(ring: consuming VringDevice<Memory>, notifyID: NotifyID) {
    self.ring = ring
    self.notifyID = notifyID
  }

  /// Why nothing can be received any more, or `nil`.
  public var broken: VringBreakage? { ring.broken }

  /// The most messages the ring holds at a time.
  @inlinable
  public var queueSize: Int { ring.layout.queueSize }

  /// Takes the next message and copies its payload to the start of `target`; `nil`: none is there.
  ///
  /// Every byte of the shared buffer is read at most once. A payload longer than `target` is
  /// dropped like a malformed one. The buffer goes back to the host with the next ``publish()``.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the host broke the ring.
  @inlinable
  public mutating func receive(
    into target: inout MutableRawSpan
  ) throws(RPMsgError) -> RPMsgReceived? {
    let buffer: (head: UInt16, segment: VringSegment)
    do throws(VringError) {
      guard let next = try ring.popBuffer(.deviceReads) else { return nil }
      buffer = next
    } catch { throw .vring(error) }
    let received = ring.buffers.memory.copyMessage(
      at: buffer.segment.offset, byteCount: Int(truncatingIfNeeded: buffer.segment.byteCount),
      payloadInto: &target)
    ring.complete(buffer.head, byteCount: buffer.segment.byteCount)
    return received
  }

  /// Shows the host the buffers that are free again; `true`: kick it.
  @inlinable
  public mutating func publish() -> Bool { ring.publish() }

  /// Asks the host to kick us when it sends, or no longer to.
  ///
  /// Returns whether messages wait already: after turning on, look once more before sleeping.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  @inlinable
  public mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    do throws(VringError) { return try ring.setNotifications(enabled) } catch {
      throw .vring(error)
    }
  }
}

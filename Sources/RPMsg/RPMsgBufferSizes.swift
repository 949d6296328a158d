/// How large the message buffers of a device are, and how many it has.
///
/// Both ends must go by the same numbers where the remote reads them from configuration space; the
/// remote otherwise learns them from the descriptors. Directions are the driver's.
public struct RPMsgBufferSizes: Equatable, Sendable {
  /// Bytes of a buffer of either direction where nobody has chosen, header included.
  public static var defaultByteCount: Int { 512 }
  /// Buffers of a direction where nobody has chosen.
  ///
  /// Source: practice (Linux).
  public static var defaultMaximumCount: Int { 256 }
  /// From a buffer that holds a header to one with the longest payload that can be announced.
  public static var byteCounts: ClosedRange<Int> {
    RPMsgHeader.encodedByteCount...(RPMsgHeader.encodedByteCount + 0xffff)
  }

  /// Bytes of a buffer that the driver receives into, header included.
  public var receiveByteCount: Int
  /// Bytes of a buffer that the driver transmits from, header included.
  public var transmitByteCount: Int
  /// The most buffers a direction has; fewer if its ring is smaller.
  public var maximumCount: Int

  /// 256 buffers of 512 bytes in each direction.
  public static var standard: Self { Self() }

  /// Makes sizes; they are checked when buffers are laid out.
  public init(
    receiveByteCount: Int = Self.defaultByteCount,
    transmitByteCount: Int = Self.defaultByteCount,
    maximumCount: Int = Self.defaultMaximumCount
  ) {
    self.receiveByteCount = receiveByteCount
    self.transmitByteCount = transmitByteCount
    self.maximumCount = maximumCount
  }

  /// Bytes of memory that the buffers for rings of `queueSize` descriptors take.
  ///
  /// - Throws: ``RPMsgError/illegalBufferSize(byteCount:)``,
  ///   ``RPMsgError/illegalBufferCount(_:)``; ``RPMsgError/bufferMemoryTooSmall(needed:available:)``
  ///   when `Int` cannot express the number.
  public func byteCount(queueSize: Int) throws(RPMsgError) -> Int {
    let parts = try layout(queueSize: queueSize)
    return parts.receive + parts.transmit
  }

  /// Buffers of a direction, and the bytes that those of each take.
  func layout(
    queueSize: Int
  ) throws(RPMsgError) -> (count: Int, receive: Int, transmit: Int) {
    for size in [receiveByteCount, transmitByteCount] where !Self.byteCounts.contains(size) {
      throw .illegalBufferSize(byteCount: size)
    }
    let count = min(queueSize, maximumCount)
    guard count >= 1 else { throw .illegalBufferCount(count) }
    let receive = count.multipliedReportingOverflow(by: receiveByteCount)
    let transmit = count.multipliedReportingOverflow(by: transmitByteCount)
    let sum = receive.partialValue.addingReportingOverflow(transmit.partialValue)
    guard !receive.overflow, !transmit.overflow, !sum.overflow else {
      throw .bufferMemoryTooSmall(needed: .max, available: 0)
    }
    return (count, receive.partialValue, transmit.partialValue)
  }
}

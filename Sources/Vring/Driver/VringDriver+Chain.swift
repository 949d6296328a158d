import SharedMemory
public import WireTypes

/// One buffer of a chain that a driver lends.
@frozen
public struct VringBuffer: Equatable, Sendable {
  /// Where the device finds it.
  public let address: DeviceAddress
  /// Bytes in the buffer; never 0.
  public let byteCount: UInt32
  /// Which way its bytes go.
  public let direction: BufferDirection

  /// Names `byteCount` bytes at `address`.
  ///
  /// - Precondition: `byteCount >= 1`.
  @inlinable
  public init(address: DeviceAddress, byteCount: UInt32, direction: BufferDirection) {
    precondition(byteCount >= 1, "a buffer without bytes")
    self.address = address
    self.byteCount = byteCount
    self.direction = direction
  }
}

// Several buffers that the device takes and gives back as one.
extension VringDriver {
  /// Puts a chain of buffers into the available ring; the device sees it after ``publish()``.
  ///
  /// Each buffer takes one descriptor. Returns the first of them, by which the chain comes back in
  /// ``popUsed()``; the others are free again then. `nil`: too few descriptors are free, and
  /// nothing was added.
  ///
  /// - Precondition: 1 to `queueSize` buffers of 2^32 - 1 bytes in all, those that the device
  ///   writes after those that it reads ([VIRTIO-1.2] §2.7.4.2).
  /// - Throws: ``VringError/broken(_:)``.
  public mutating func addChain(_ buffers: Span<VringBuffer>) throws(VringError) -> UInt16? {
    if let broken { throw .broken(broken) }
    _ = writableByteCount(of: buffers)
    guard freeCount >= buffers.count else { return nil }
    let head = freeHeads[freeTaken]
    for index in 0..<buffers.count {
      let place = freeHeads[freeTaken]
      freeTaken &+= 1
      let isLast = index == buffers.count - 1
      write(Descriptor(buffers[index], next: isLast ? nil : freeHeads[freeTaken]), at: place)
      holders[place] = .chain
    }
    makeAvailable(head)
    return head
  }

  /// Puts a chain of buffers into the available ring that takes one descriptor, as the others are
  /// named in `table`; the device sees it after ``publish()``.
  ///
  /// The table must not change until the chain has come back. Returns the descriptor, by which it
  /// does; `nil`: none is free, and nothing was added. Source: [VIRTIO-1.2] §2.7.5.3.
  ///
  /// - Precondition: as ``addChain(_:)``; the ring was made for indirect descriptors, and `table`
  ///   has 16 bytes for each buffer and starts at a multiple of 16.
  /// - Throws: ``VringError/broken(_:)``.
  public mutating func addIndirect(
    _ buffers: Span<VringBuffer>, table: MappedMemory<Memory>
  ) throws(VringError) -> UInt16? {
    if let broken { throw .broken(broken) }
    precondition(usesIndirectDescriptors, "indirect descriptors were not agreed on")
    precondition(
      table.memory.isAligned(to: VringLayout.baseAlignment)
        && table.memory.byteCount >= 16 * buffers.count, "a table for all buffers")
    let writable = writableByteCount(of: buffers)
    guard let head = try reserve() else { return nil }
    for index in 0..<buffers.count {
      let isLast = index == buffers.count - 1
      let descriptor = Descriptor(
        buffers[index], next: isLast ? nil : UInt16(truncatingIfNeeded: index + 1))
      table.memory.store(descriptor.address, at: 16 * index)
      table.memory.store(descriptor.rest, at: 16 * index + 8)
    }
    indirectByteCounts[head] = writable
    write(
      Descriptor(
        address: table.start, byteCount: UInt32(truncatingIfNeeded: 16 * buffers.count),
        flags: DescriptorFlags.indirect),
      at: head)
    makeAvailable(head)
    return head
  }

  /// Bytes that the device may write to a chain, which is checked.
  private func writableByteCount(of buffers: Span<VringBuffer>) -> UInt32 {
    precondition(
      buffers.count >= 1 && buffers.count <= layout.queueSize, "1 to queueSize buffers")
    var writable: UInt32 = 0
    var all: UInt32 = 0
    for index in 0..<buffers.count {
      let buffer = buffers[index]
      let (sum, overflow) = all.addingReportingOverflow(buffer.byteCount)
      precondition(!overflow, "more than 2^32 - 1 bytes")
      all = sum
      if buffer.direction == .deviceWrites {
        writable += buffer.byteCount
      } else {
        precondition(writable == 0, "read after written")
      }
    }
    return writable
  }

  /// Bytes that the device may have written to the chain of `head`, whose other descriptors are
  /// freed.
  ///
  /// What the descriptor table says now does not matter.
  @usableFromInline
  mutating func endChain(_ head: UInt16) -> UInt32 {
    var descriptor = table[head]
    if descriptor.flags & DescriptorFlags.indirect != 0 { return indirectByteCounts[head] }
    var writable: UInt32 = 0
    // Our own list, which ends.
    while true {
      if descriptor.flags & DescriptorFlags.write != 0 { writable += descriptor.byteCount }
      guard descriptor.flags & DescriptorFlags.next != 0 else { return writable }
      let next = descriptor.next
      descriptor = table[next]
      free(next)
    }
  }
}

extension Descriptor {
  init(_ buffer: VringBuffer, next: UInt16?) {
    let flags = buffer.direction.flags | (next == nil ? 0 : DescriptorFlags.next)
    self.init(
      address: buffer.address, byteCount: buffer.byteCount, flags: flags, next: next ?? 0)
  }
}

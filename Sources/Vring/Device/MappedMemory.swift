public import SharedMemory
public import WireTypes

/// Memory that both sides reach, and where it lies in the remote's address space.
///
/// Turns device addresses that came from the other side into checked offsets.
public struct MappedMemory<Memory: ForeignMemory>: Sendable {
  /// How many ranges can be closed to buffers.
  public static var maximumExclusions: Int { 4 }

  /// The memory; its first byte is at ``start``.
  public let memory: Memory
  /// The device address of the first byte.
  public let start: DeviceAddress
  @usableFromInline var excluded: InlineArray<4, AddressRange<DeviceAddress>>
  @usableFromInline var excludedCount = 0

  /// Says that `memory` lies at `start`.
  @inlinable
  public init(memory: Memory, start: DeviceAddress) {
    self.memory = memory
    self.start = start
    let none = AddressRange<DeviceAddress>(start: start, byteCount: 0)
    // An empty range exists at every address.
    guard let none else { preconditionFailure("an empty range") }
    excluded = InlineArray(repeating: none)
  }

  /// Closes `range` to buffers, such as a ring or the program itself.
  ///
  /// - Precondition: fewer than ``maximumExclusions`` ranges are closed so far.
  public mutating func exclude(_ range: AddressRange<DeviceAddress>) {
    precondition(excludedCount < Self.maximumExclusions, "too many excluded ranges")
    excluded[excludedCount] = range
    excludedCount += 1
  }

  /// Where the `byteCount` bytes at `address` lie in ``memory``, or `nil` unless all of them do and
  /// none of them is excluded.
  @inlinable
  public func offset(of address: DeviceAddress, byteCount: UInt32) -> Int? {
    let size = UInt64(truncatingIfNeeded: memory.byteCount)
    guard let offset = address.offset(from: start), offset <= size,
      UInt64(byteCount) <= size &- offset
    else { return nil }
    if excludedCount > 0, isExcluded(address.rawValue, UInt64(byteCount)) { return nil }
    return Int(truncatingIfNeeded: offset)
  }

  /// Whether one of the `byteCount` bytes at `address`, which do not wrap, is excluded.
  @inlinable
  func isExcluded(_ address: UInt64, _ byteCount: UInt64) -> Bool {
    for index in 0..<excludedCount {
      let range = excluded[index]
      // Distances cannot wrap: one of the two starts lies at or below the other.
      let start = range.start.rawValue
      if address >= start
        ? address &- start < range.byteCount
        : start &- address < byteCount && range.byteCount > 0
      {
        return true
      }
    }
    return false
  }
}

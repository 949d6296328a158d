public import WireTypes

extension IOMMUDomain {
  /// Free device addresses for `byteCount` bytes: `preferred` on if they are, else the lowest.
  ///
  /// Addresses of `reserved` count as taken. The page at address 0 is left alone, so that the null
  /// pointers of the firmware stay faults.
  ///
  /// - Throws: ``IOMMUError/noAddress(byteCount:alignment:)``.
  /// - Precondition: `alignment` is a power of two, and `byteCount` is not 0.
  public func freeAddress(
    byteCount: UInt64, alignment: UInt64, preferring preferred: DeviceAddress? = nil,
    avoiding reserved: [AddressRange<DeviceAddress>] = []
  ) throws(IOMMUError) -> DeviceAddress {
    precondition(alignment.nonzeroBitCount == 1 && byteCount > 0, "something, aligned")
    let alignment = max(alignment, pageSizes.smallest)
    let taken = takenRanges(reserved)
    if let preferred, pageSizes.isAligned(preferred.rawValue), preferred.rawValue > 0,
      isFree(preferred, byteCount, taken)
    {
      return preferred
    }
    if let lowest = lowestFree(byteCount, alignment, taken) { return lowest }
    throw .noAddress(byteCount: byteCount, alignment: alignment)
  }

  /// Sorted by start; reserved ranges may overlap anything.
  private func takenRanges(
    _ reserved: [AddressRange<DeviceAddress>]
  ) -> [AddressRange<DeviceAddress>] {
    let mapped = mappings.compactMap { AddressRange(start: $0.da, byteCount: $0.byteCount) }
    return (mapped + reserved.filter { $0.byteCount > 0 }).sorted { $0.start < $1.start }
  }

  private func isFree(
    _ da: DeviceAddress, _ byteCount: UInt64, _ taken: [AddressRange<DeviceAddress>]
  ) -> Bool {
    guard let range = AddressRange(start: da, byteCount: byteCount), aperture.contains(range)
    else { return false }
    return !taken.contains { $0.overlaps(range) }
  }

  private func lowestFree(
    _ byteCount: UInt64, _ alignment: UInt64, _ taken: [AddressRange<DeviceAddress>]
  ) -> DeviceAddress? {
    let first = max(aperture.start.rawValue, pageSizes.smallest)
    guard var position = Self.roundUp(first, to: alignment) else { return nil }
    for range in taken {
      let start = range.start.rawValue
      if position < start, byteCount <= start - position { break }
      let (end, overflow) = start.addingReportingOverflow(range.byteCount)
      // The range ends at the top of the address space.
      guard !overflow else { return nil }
      guard end > position else { continue }
      guard let next = Self.roundUp(end, to: alignment) else { return nil }
      position = next
    }
    let da = DeviceAddress(rawValue: position)
    let range = AddressRange(start: da, byteCount: byteCount)
    return range.map(aperture.contains) == true ? da : nil
  }

  private static func roundUp(_ value: UInt64, to alignment: UInt64) -> UInt64? {
    let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & ~(alignment - 1)
  }
}

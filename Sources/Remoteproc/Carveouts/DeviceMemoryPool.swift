public import SharedMemory
public import WireTypes

/// Device memory of a platform, handed out piece by piece.
///
/// Every search takes time linear in the number of pieces that are out or reserved.
public struct DeviceMemoryPool: Sendable {
  /// Where a piece comes to lie.
  public enum Placement: Equatable, Sendable {
    /// At the lowest free power of two of pages that is aligned to its own size; a fixed address
    /// is ignored, as by an allocator of DMA memory without an IOMMU.
    case buddy
    /// At the fixed address if there is one; else at the lowest free page of the upper half that
    /// is not reserved, or of all the pool when there is none.
    ///
    /// Firmware tells nobody where its heap and its stack are. They grow from the end of its data
    /// and from the end of memory; the middle is farthest from both.
    case identity
    /// At the fixed address if there is one, else at the lowest free page: large pieces stay free.
    ///
    /// For memory behind an IOMMU, whose addresses firmware does not know.
    case packed
  }

  /// Bytes of one page.
  public static let pageByteCount: UInt64 = 4096

  /// Bytes from the start of the pool that are out or reserved.
  private struct Extent {
    let start: UInt64
    let end: UInt64
  }

  private let base: DeviceAddress
  private let physicalBase: PhysicalAddress?
  private let memory: SharedWindow
  private let placement: Placement
  /// Sorted by start; they never overlap.
  private var granted: [Extent] = []
  /// Sorted by start, merged.
  private var reserved: [Extent] = []

  /// Hands out all of `memory`, which the remote sees from `base` on.
  ///
  /// - Precondition: `base` is a multiple of a page, and neither address range wraps.
  public init(
    base: DeviceAddress, physicalBase: PhysicalAddress?, memory: SharedWindow, placement: Placement
  ) {
    precondition(base.rawValue % Self.pageByteCount == 0, "the pool starts at a page")
    precondition(base.advanced(by: UInt64(memory.byteCount)) != nil, "the pool wraps")
    precondition(
      physicalBase.map { $0.advanced(by: UInt64(memory.byteCount)) != nil } ?? true,
      "the pool wraps")
    self.base = base
    self.physicalBase = physicalBase
    self.memory = memory
    self.placement = placement
  }

  /// Bytes of the pool.
  public var byteCount: UInt64 { UInt64(memory.byteCount) }

  /// Bytes that are out now, rounded to what the placement takes for them.
  public var grantedByteCount: UInt64 { granted.reduce(0) { $0 + ($1.end - $1.start) } }

  /// Names addresses that memory without a fixed address must avoid, in place of those named
  /// before; parts outside the pool do not count.
  public mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) {
    let extents = ranges.compactMap(clip).sorted { $0.start < $1.start }
    reserved = []
    for extent in extents {
      if let last = reserved.last, extent.start <= last.end {
        reserved[reserved.count - 1] = Extent(start: last.start, end: max(last.end, extent.end))
      } else {
        reserved.append(extent)
      }
    }
  }

  /// Gives memory.
  ///
  /// - Throws: ``PlatformError/invalidRequest(byteCount:alignment:)``,
  ///   ``PlatformError/outOfMemory(needed:available:)``, and unless with
  ///   ``Placement/buddy`` ``PlatformError/addressNotAvailable(_:byteCount:)``.
  public mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    guard request.byteCount > 0, request.alignment.nonzeroBitCount == 1 else {
      throw .invalidRequest(byteCount: request.byteCount, alignment: request.alignment)
    }
    guard request.byteCount <= byteCount else {
      throw .outOfMemory(needed: request.byteCount, available: largestFreeByteCount)
    }
    switch (placement, request.da) {
    case (.buddy, _): return try allocateBuddy(request)
    case (_, let da?): return try allocateFixed(request, at: da)
    case (.identity, nil): return try allocateAnywhere(request, from: byteCount / 2)
    case (.packed, nil): return try allocateAnywhere(request, from: 0)
    }
  }

  /// Takes back what ``allocate(_:)`` gave; anything else is ignored.
  public mutating func release(_ grant: MemoryGrant) {
    guard let offset = grant.da.offset(from: base) else { return }
    granted.removeAll { $0.start == offset }
  }

  /// The memory at `range`, whether handed out or not, or `nil` unless all of it is in the pool.
  public func window(of range: AddressRange<DeviceAddress>) -> SharedWindow? {
    guard let offset = range.start.offset(from: base) else { return nil }
    return memory.window(at: offset, byteCount: range.byteCount)
  }

  /// Bytes of the largest piece that could be had without a fixed address.
  public var largestFreeByteCount: UInt64 {
    var largest: UInt64 = 0
    var position: UInt64 = 0
    for extent in blocked + [Extent(start: byteCount, end: byteCount)] {
      if extent.start > position { largest = max(largest, freeByteCount(position..<extent.start)) }
      position = max(position, extent.end)
    }
    return largest
  }
}

extension DeviceMemoryPool {
  /// What memory without a fixed address must avoid, sorted by start.
  private var blocked: [Extent] {
    guard placement != .buddy, !reserved.isEmpty else { return granted }
    return (granted + reserved).sorted { $0.start < $1.start }
  }

  private func clip(_ range: AddressRange<DeviceAddress>) -> Extent? {
    guard range.byteCount > 0 else { return nil }
    let last = range.start.rawValue + (range.byteCount - 1)
    guard last >= base.rawValue else { return nil }
    let start = range.start.offset(from: base) ?? 0
    let end = min(last - base.rawValue, byteCount - 1) + 1
    return start < end ? Extent(start: start, end: end) : nil
  }

  private mutating func allocateBuddy(
    _ request: MemoryRequest
  ) throws(PlatformError) -> MemoryGrant {
    let pages = (request.byteCount - 1) / Self.pageByteCount + 1
    let block = Self.powerOfTwo(atLeast: pages) * Self.pageByteCount
    guard let start = lowestFree(block, alignment: max(block, request.alignment)) else {
      throw .outOfMemory(needed: request.byteCount, available: largestFreeByteCount)
    }
    return take(Extent(start: start, end: start + block), byteCount: request.byteCount)
  }

  private mutating func allocateAnywhere(
    _ request: MemoryRequest, from first: UInt64
  ) throws(PlatformError) -> MemoryGrant {
    let alignment = max(Self.pageByteCount, request.alignment)
    let start =
      lowestFree(request.byteCount, alignment: alignment, from: first)
      ?? lowestFree(request.byteCount, alignment: alignment)
    guard let start else {
      throw .outOfMemory(needed: request.byteCount, available: largestFreeByteCount)
    }
    return take(Extent(start: start, end: start + request.byteCount), byteCount: request.byteCount)
  }

  private mutating func allocateFixed(
    _ request: MemoryRequest, at da: DeviceAddress
  ) throws(PlatformError) -> MemoryGrant {
    guard let start = da.offset(from: base), start <= byteCount,
      request.byteCount <= byteCount - start
    else { throw .addressNotAvailable(da, byteCount: request.byteCount) }
    let extent = Extent(start: start, end: start + request.byteCount)
    guard !granted.contains(where: { $0.start < extent.end && extent.start < $0.end }) else {
      throw .addressNotAvailable(da, byteCount: request.byteCount)
    }
    return take(extent, byteCount: request.byteCount)
  }

  /// The lowest aligned offset, not below `first`, with `byteCount` free bytes.
  private func lowestFree(
    _ byteCount: UInt64, alignment: UInt64, from first: UInt64 = 0
  ) -> UInt64? {
    guard var position = Self.roundUp(first, to: alignment) else { return nil }
    for extent in blocked where extent.end > position {
      if position < extent.start, byteCount <= extent.start - position { return position }
      guard let next = Self.roundUp(max(position, extent.end), to: alignment) else { return nil }
      position = next
    }
    guard position <= self.byteCount, byteCount <= self.byteCount - position else { return nil }
    return position
  }

  private mutating func take(_ extent: Extent, byteCount: UInt64) -> MemoryGrant {
    let index = granted.firstIndex { $0.start > extent.start } ?? granted.count
    granted.insert(extent, at: index)
    guard let da = base.advanced(by: extent.start),
      let window = memory.window(at: extent.start, byteCount: byteCount)
    else { preconditionFailure("an extent lies inside its pool") }
    let pa = physicalBase.flatMap { $0.advanced(by: extent.start) }
    return MemoryGrant(da: da, pa: pa, window: window)
  }

  private func freeByteCount(_ gap: Range<UInt64>) -> UInt64 {
    guard let start = Self.roundUp(gap.lowerBound, to: Self.pageByteCount), start < gap.upperBound
    else { return 0 }
    guard placement == .buddy else { return gap.upperBound - start }
    var block = Self.powerOfTwo(atLeast: (gap.upperBound - start) / Self.pageByteCount + 1) / 2
    while block > 0 {
      let byteCount = block * Self.pageByteCount
      if let aligned = Self.roundUp(start, to: byteCount), aligned <= gap.upperBound,
        byteCount <= gap.upperBound - aligned
      {
        return byteCount
      }
      block /= 2
    }
    return 0
  }

  /// The least power of two that is not below `count`, which is far below 2^63.
  private static func powerOfTwo(atLeast count: UInt64) -> UInt64 {
    var power: UInt64 = 1
    while power < count { power *= 2 }
    return power
  }

  private static func roundUp(_ value: UInt64, to alignment: UInt64) -> UInt64? {
    let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & ~(alignment - 1)
  }
}

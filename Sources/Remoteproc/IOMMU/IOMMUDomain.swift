public import WireTypes

/// What one processor sees through its IOMMU: a set of mappings that never overlap.
///
/// A value: it decides what may be mapped and remembers it. A ``PlatformDriver`` makes the hardware
/// do the same, one mapping at a time. Searches are logarithmic in the number of mappings.
public struct IOMMUDomain: Equatable, Sendable {
  /// The pages that mappings are made of.
  public let pageSizes: IOMMUPageSizes
  /// Device addresses that are translated; whole pages.
  public let aperture: AddressRange<DeviceAddress>
  /// All mappings, by device address; one for each call of ``map(_:)``, unless cut since.
  public private(set) var mappings: [IOMMUMapping] = []

  /// Makes a domain in which nothing is mapped.
  ///
  /// - Throws: ``IOMMUError/empty(_:)`` or
  ///   ``IOMMUError/misaligned(_:pa:byteCount:pageByteCount:)`` unless `aperture` is whole pages.
  public init(
    pageSizes: IOMMUPageSizes, aperture: AddressRange<DeviceAddress>
  ) throws(IOMMUError) {
    self.pageSizes = pageSizes
    self.aperture = aperture
    try checkPages(aperture.start, nil, aperture.byteCount)
  }

  /// Bytes that are mapped.
  public var mappedByteCount: UInt64 { mappings.reduce(0) { $0 + $1.byteCount } }

  /// Adds a mapping.
  ///
  /// - Throws: ``IOMMUError`` with nothing changed: for an empty or misaligned mapping, addresses
  ///   that wrap, addresses that are not translated, and for an overlap with another mapping.
  public mutating func map(_ mapping: IOMMUMapping) throws(IOMMUError) {
    try checkPages(mapping.da, mapping.pa, mapping.byteCount)
    guard let range = AddressRange(start: mapping.da, byteCount: mapping.byteCount) else {
      throw .wraps(mapping.da, pa: nil, byteCount: mapping.byteCount)
    }
    guard AddressRange(start: mapping.pa, byteCount: mapping.byteCount) != nil else {
      throw .wraps(mapping.da, pa: mapping.pa, byteCount: mapping.byteCount)
    }
    guard aperture.contains(range) else {
      throw .outsideAperture(mapping.da, byteCount: mapping.byteCount)
    }
    let index = firstIndex(endingAbove: mapping.da)
    if index < mappings.count, mappings[index].da <= mapping.last {
      throw .alreadyMapped(max(mappings[index].da, mapping.da))
    }
    mappings.insert(mapping, at: index)
  }

  /// Removes whole pages; they may belong to several mappings, in a row.
  ///
  /// - Throws: ``IOMMUError`` with nothing changed: for an empty or misaligned range, an address
  ///   where nothing is mapped, and a page of which only a part lies in `range`.
  public mutating func unmap(_ range: AddressRange<DeviceAddress>) throws(IOMMUError) {
    try checkPages(range.start, nil, range.byteCount)
    let last = DeviceAddress(rawValue: range.start.rawValue + (range.byteCount - 1))
    let first = firstIndex(endingAbove: range.start)
    var end = first
    var next = range.start
    while true {
      guard end < mappings.count, mappings[end].da <= next else { throw .notMapped(next) }
      let mapping = mappings[end]
      end += 1
      guard mapping.last < last else { break }
      // Not the top of the address space, as `last` lies above.
      next = DeviceAddress(rawValue: mapping.last.rawValue + 1)
    }
    let head = try remainder(of: mappings[first], before: range.start)
    let tail = try remainder(of: mappings[end - 1], behind: last)
    mappings.replaceSubrange(first..<end, with: [head, tail].compactMap { $0 })
  }

  /// Takes back a success of ``map(_:)``.
  mutating func forget(_ mapping: IOMMUMapping) { mappings.removeAll { $0 == mapping } }

  /// Removes all mappings.
  public mutating func unmapAll() { mappings = [] }

  /// The mapping of `da`, or `nil`.
  public func mapping(at da: DeviceAddress) -> IOMMUMapping? {
    let index = firstIndex(endingAbove: da)
    guard index < mappings.count, mappings[index].da <= da else { return nil }
    return mappings[index]
  }

  /// Where `da` lies on the physical bus, or `nil` when it is not mapped.
  public func translate(_ da: DeviceAddress) -> PhysicalAddress? {
    guard let mapping = mapping(at: da) else { return nil }
    return PhysicalAddress(rawValue: mapping.pa.rawValue + (da.rawValue - mapping.da.rawValue))
  }

  /// Where `range` lies on the physical bus, or `nil` unless all of it is mapped, in one piece.
  public func translate(
    _ range: AddressRange<DeviceAddress>
  ) -> AddressRange<PhysicalAddress>? {
    guard range.byteCount > 0, let start = translate(range.start) else { return nil }
    var covered: UInt64 = 0
    for mapping in mappings[firstIndex(endingAbove: range.start)...] {
      let position = range.start.rawValue + covered
      guard mapping.da.rawValue <= position,
        mapping.pa.rawValue + (position - mapping.da.rawValue) == start.rawValue + covered
      else { return nil }
      covered += mapping.last.rawValue - position + 1
      if covered >= range.byteCount {
        return AddressRange(start: start, byteCount: range.byteCount)
      }
    }
    return nil
  }

  /// The pages of `mapping`, largest fit first come.
  ///
  /// - Precondition: it is one of ``mappings``.
  public func pageRuns(of mapping: IOMMUMapping) -> [IOMMUPageRun] {
    pageSizes.runs(da: mapping.da, pa: mapping.pa, byteCount: mapping.byteCount)
  }
}

extension IOMMUDomain {
  private func checkPages(
    _ da: DeviceAddress, _ pa: PhysicalAddress?, _ byteCount: UInt64
  ) throws(IOMMUError) {
    guard byteCount > 0 else { throw .empty(da) }
    guard pageSizes.isAligned(da.rawValue | (pa?.rawValue ?? 0) | byteCount) else {
      throw .misaligned(
        da, pa: pa, byteCount: byteCount, pageByteCount: pageSizes.smallest)
    }
  }

  /// The index of the first mapping whose last address is not below `da`.
  func firstIndex(endingAbove da: DeviceAddress) -> Int {
    var low = 0
    var high = mappings.count
    while low < high {
      let middle = (low + high) / 2
      if mappings[middle].last < da { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What stays of `mapping` below `da`; `nil` for nothing.
  ///
  /// A part that begins or ends where a page does is made of the same pages as before: those of the
  /// whole mapping were chosen by what is left behind each, and the largest that fitted still does.
  private func remainder(
    of mapping: IOMMUMapping, before da: DeviceAddress
  ) throws(IOMMUError) -> IOMMUMapping? {
    guard mapping.da < da else { return nil }
    try checkPageStarts(at: da, in: mapping)
    return mapping.part(from: 0, byteCount: da.rawValue - mapping.da.rawValue)
  }

  /// What stays of `mapping` above `last`; `nil` for nothing.
  private func remainder(
    of mapping: IOMMUMapping, behind last: DeviceAddress
  ) throws(IOMMUError) -> IOMMUMapping? {
    guard last < mapping.last else { return nil }
    let next = DeviceAddress(rawValue: last.rawValue + 1)
    try checkPageStarts(at: next, in: mapping)
    let offset = next.rawValue - mapping.da.rawValue
    return mapping.part(from: offset, byteCount: mapping.byteCount - offset)
  }

  private func checkPageStarts(
    at da: DeviceAddress, in mapping: IOMMUMapping
  ) throws(IOMMUError) {
    for run in pageRuns(of: mapping) {
      let offset = da.rawValue - run.da.rawValue
      guard offset < run.byteCount else { continue }
      let distance = offset % run.pageByteCount
      guard distance == 0 else {
        throw .partialPage(
          DeviceAddress(rawValue: da.rawValue - distance), pageByteCount: run.pageByteCount)
      }
      return
    }
  }
}

public import WireTypes

/// The memory that a position-independent image takes, as it was linked.
public struct ELFPlacement: Equatable, Sendable {
  /// The lowest address, rounded down to ``alignment``.
  public let start: DeviceAddress
  /// Bytes from there to the end of the last segment; not 0.
  public let byteCount: UInt64
  /// What the distance between ``start`` and the place it is moved to must be a multiple of; a
  /// power of two.
  public let alignment: UInt64
}

extension ELFFile {
  /// Whether the image says that it may be moved: it is a shared object with a dynamic table.
  ///
  /// Linkers give both to what is linked as position-independent (`-pie`).
  public var isPositionIndependent: Bool { type == .shared && dynamicSegment != nil }

  var dynamicSegment: ELFSegment? { segments.first { $0.type == .dynamic } }

  /// The memory that all loadable segments take together, by the addresses they were linked to.
  ///
  /// - Throws: ``ELFError/unsupportedType(offset:type:)`` unless the image is a shared object,
  ///   ``ELFError/noSegments(offset:)`` when nothing is loaded,
  ///   ``ELFError/badAlignment(header:alignment:)`` for one that is no power of two, or
  ///   ``ELFError/addressWrap(header:start:byteCount:last:)``.
  public func placement() throws(ELFError) -> ELFPlacement {
    guard type == .shared else { throw .unsupportedType(offset: 16, type: type) }
    var lowest = UInt64.max
    var highest: UInt64 = 0
    var alignment: UInt64 = 1
    for segment in segments where segment.isLoadable {
      guard segment.alignment == 0 || segment.alignment.nonzeroBitCount == 1 else {
        throw .badAlignment(header: segment.headerOffset, alignment: segment.alignment)
      }
      alignment = max(alignment, segment.alignment)
      let start = segment.virtualAddress.rawValue
      let (last, overflow) = start.addingReportingOverflow(segment.memoryByteCount - 1)
      let limit: UInt64 = elfClass == .elf32 ? UInt64(UInt32.max) : .max
      guard !overflow, last <= limit else {
        throw .addressWrap(
          header: segment.headerOffset, start: segment.virtualAddress,
          byteCount: segment.memoryByteCount, last: DeviceAddress(rawValue: limit))
      }
      lowest = min(lowest, start)
      highest = max(highest, last)
    }
    guard lowest <= highest else { throw .noSegments(offset: segmentCountOffset) }
    let start = lowest & ~(alignment - 1)
    let (byteCount, overflow) = (highest - start).addingReportingOverflow(1)
    guard !overflow else {
      throw .addressWrap(
        header: segmentCountOffset, start: DeviceAddress(rawValue: start), byteCount: .max,
        last: DeviceAddress(rawValue: .max))
    }
    return ELFPlacement(
      start: DeviceAddress(rawValue: start), byteCount: byteCount, alignment: alignment)
  }
}

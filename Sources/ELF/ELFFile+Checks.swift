public import WireTypes

// Rules that an image can break without harm to the reader. Linux enforces few of them.
extension ELFFile {
  /// Checks versions, type and header sizes.
  ///
  /// - Throws: ``ELFError/badVersion(offset:version:)``,
  ///   ``ELFError/unsupportedType(offset:type:)``, or
  ///   ``ELFError/badEntrySize(offset:expected:found:)``, the latter only for a table that has
  ///   entries.
  public func checkIdentification() throws(ELFError) {
    if let fault = identificationFaults.first { throw fault }
  }

  /// All that ``checkIdentification()`` objects to, in its order.
  public var identificationFaults: [ELFError] {
    var faults: [ELFError] = []
    if bytes[6] != 1 { faults.append(.badVersion(offset: 6, version: UInt32(bytes[6]))) }
    let version: UInt32 = bytes.littleEndian(at: 20)
    if version != 1 { faults.append(.badVersion(offset: 20, version: version)) }
    if type != .executable && type != .shared {
      faults.append(.unsupportedType(offset: 16, type: type))
    }
    func checkSize(at offset: Int, expected: Int) {
      let found = Int(bytes.littleEndian(at: offset, as: UInt16.self))
      guard found != expected else { return }
      faults.append(.badEntrySize(offset: offset, expected: expected, found: found))
    }
    checkSize(at: segmentCountOffset - 4, expected: elfClass.headerByteCount)
    if segmentCount > 0 {
      checkSize(at: segmentCountOffset - 2, expected: elfClass.segmentHeaderByteCount)
    }
    if sectionCount > 0 {
      checkSize(at: segmentCountOffset + 2, expected: elfClass.sectionHeaderByteCount)
    }
    return faults
  }

  /// Checks that the image is for `expected`.
  ///
  /// - Throws: ``ELFError/foreignMachine(offset:expected:found:)``.
  public func checkMachine(_ expected: ELFMachine) throws(ELFError) {
    guard machine == expected else {
      throw .foreignMachine(offset: 18, expected: expected, found: machine)
    }
  }

  /// Checks that there is at least one program header.
  ///
  /// - Throws: ``ELFError/noSegments(offset:)``.
  public func checkHasSegments() throws(ELFError) {
    guard segmentCount > 0 else { throw .noSegments(offset: segmentCountOffset) }
  }

  /// Checks that the section header table has room for one header, even when it has none.
  ///
  /// Source: practice (Linux remoteproc refuses an image otherwise).
  ///
  /// - Throws: ``ELFError/tableOutOfFile(_:start:count:fileByteCount:)``.
  public func checkSectionTableOffset() throws(ELFError) {
    let size = UInt64(elfClass.sectionHeaderByteCount)
    guard Self.range(at: sectionTableOffset, byteCount: size, in: bytes.count) != nil else {
      throw .tableOutOfFile(
        .sectionHeaders, start: sectionTableOffset, count: sectionCount,
        fileByteCount: bytes.count)
    }
  }

  /// The memory that a segment occupies.
  ///
  /// - Throws: ``ELFError/addressWrap(header:start:byteCount:last:)`` when it reaches past 2^64.
  public func addressRange(
    of segment: ELFSegment
  ) throws(ELFError) -> AddressRange<DeviceAddress> {
    let range = AddressRange(start: segment.physicalAddress, byteCount: segment.memoryByteCount)
    guard let range else {
      throw .addressWrap(
        header: segment.headerOffset, start: segment.physicalAddress,
        byteCount: segment.memoryByteCount, last: DeviceAddress(rawValue: .max))
    }
    return range
  }

  /// Checks that a segment ends inside the address space of its class: 2^32 or 2^64 bytes.
  ///
  /// - Throws: ``ELFError/addressWrap(header:start:byteCount:last:)``.
  public func checkExtent(of segment: ELFSegment) throws(ELFError) {
    let range = try addressRange(of: segment)
    let last: UInt64 = elfClass == .elf32 ? UInt64(UInt32.max) : .max
    // A segment of ELF32 starts below 2^32 and is at most that long: the sum cannot overflow.
    guard range.byteCount == 0 || range.start.rawValue + (range.byteCount - 1) <= last else {
      throw .addressWrap(
        header: segment.headerOffset, start: range.start, byteCount: range.byteCount,
        last: DeviceAddress(rawValue: last))
    }
  }

  /// Checks that no two loadable segments share memory.
  ///
  /// Takes time in the order of n log n for n program headers.
  ///
  /// - Throws: ``ELFError/segmentOverlap(header:otherHeader:address:)`` for the lowest address
  ///   concerned, or ``ELFError/addressWrap(header:start:byteCount:last:)``.
  public func checkOverlap() throws(ELFError) {
    if let fault = overlapFaults.first { throw fault }
  }

  /// All that ``checkOverlap()`` objects to, from the lowest address up: one fault at most for each
  /// segment.
  public var overlapFaults: [ELFError] {
    // At most one element for each program header, all of which lie inside the image.
    let loadable = segments.filter(\.isLoadable).sorted { $0.physicalAddress < $1.physicalAddress }
    var faults: [ELFError] = []
    /// Of the segments so far the one that reaches furthest.
    var furthest: (header: Int, range: AddressRange<DeviceAddress>)?
    for segment in loadable {
      do throws(ELFError) {
        let range = try addressRange(of: segment)
        if let furthest, furthest.range.overlaps(range) {
          faults.append(
            .segmentOverlap(
              header: furthest.header, otherHeader: segment.headerOffset,
              address: segment.physicalAddress))
          guard !furthest.range.contains(range) else { continue }
        }
        furthest = (segment.headerOffset, range)
      } catch { faults.append(error) }
    }
    return faults
  }

  /// Checks that execution can start at the entry point: it lies in a loadable executable segment,
  /// by its load address, and is aligned as the machine demands.
  ///
  /// - Throws: ``ELFError/badEntry(_:_:)``, or
  ///   ``ELFError/addressWrap(header:start:byteCount:last:)``.
  public func checkEntry() throws(ELFError) {
    // In Arm code bit 0 of an entry point selects Thumb.
    let address = DeviceAddress(rawValue: machine == .arm ? entry.rawValue & ~1 : entry.rawValue)
    let alignment: UInt64 =
      switch machine {
      case .riscv: 2
      case .arm: entry.rawValue & 1 == 1 ? 2 : 4
      case .aarch64: 4
      default: 1
      }
    guard address.rawValue % alignment == 0 else { throw .badEntry(entry, .notAligned) }
    for segment in segments where segment.isLoadable && segment.flags.contains(.execute) {
      if try addressRange(of: segment).offset(of: address, byteCount: alignment) != nil { return }
    }
    throw .badEntry(entry, .notInExecutableSegment)
  }
}

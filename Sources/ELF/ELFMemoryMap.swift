import WireTypes

/// Where the memory of an image lies in its file, by the addresses it was linked to.
struct ELFMemoryMap {
  private struct Piece {
    let start: UInt64
    let byteCount: UInt64
    /// Where the first byte is in the file.
    let offset: Int
  }

  /// By start; none overlaps another.
  private var pieces: [Piece] = []
  /// The piece that held the last address; neighbours tend to be asked for in a row.
  private var last = 0

  /// Collects the bytes of all loadable segments.
  ///
  /// - Throws: ``ELFError`` when the bytes are not inside the file, or two segments share addresses.
  init(of file: ELFFile) throws(ELFError) {
    let loadable = file.segments.filter(\.isLoadable).sorted {
      $0.virtualAddress < $1.virtualAddress
    }
    var previous: (header: Int, end: UInt64)?
    for segment in loadable {
      let contents = try file.bytes(of: segment)
      let start = segment.virtualAddress.rawValue
      let (end, overflow) = start.addingReportingOverflow(segment.memoryByteCount - 1)
      guard !overflow else {
        throw .addressWrap(
          header: segment.headerOffset, start: segment.virtualAddress,
          byteCount: segment.memoryByteCount, last: DeviceAddress(rawValue: .max))
      }
      if let previous, previous.end >= start {
        throw .segmentOverlap(
          header: previous.header, otherHeader: segment.headerOffset,
          address: segment.virtualAddress)
      }
      previous = (segment.headerOffset, end)
      guard !contents.isEmpty else { continue }
      pieces.append(
        Piece(
          start: start, byteCount: UInt64(contents.count), offset: contents.startIndex))
    }
  }

  /// Where `byteCount` bytes at `address` are in the file; `nil` unless one segment holds them all.
  mutating func fileOffset(of address: UInt64, byteCount: UInt64) -> Int? {
    if last < pieces.count, let offset = offset(of: address, byteCount, in: pieces[last]) {
      return offset
    }
    // The first piece that starts above the address; the one before may hold it.
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, let offset = offset(of: address, byteCount, in: pieces[low - 1]) else {
      return nil
    }
    last = low - 1
    return offset
  }

  private func offset(of address: UInt64, _ byteCount: UInt64, in piece: Piece) -> Int? {
    guard address >= piece.start else { return nil }
    let distance = address - piece.start
    guard distance <= piece.byteCount, byteCount <= piece.byteCount - distance else { return nil }
    // Inside the file, whose size is an `Int`.
    return piece.offset + Int(distance)
  }
}

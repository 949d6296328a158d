import WireTypes

/// A file that is being read, record by record.
struct IntelHexReading {
  private(set) var contents: [UInt8] = []
  private(set) var entry: DeviceAddress?
  private var segments: [IntelHexSegment] = []
  private var isEnded = false
  /// What is added to the address of a data record.
  private var base: UInt64 = 0
  /// Whether addresses stay inside 64 KiB from the base.
  private var isSegmented = true

  private static var addressSpace: UInt64 { 1 << 32 }

  init(fileByteCount: Int) {
    // Two digits make a byte.
    contents.reserveCapacity(fileByteCount / 2)
  }

  mutating func readAll(_ file: borrowing RawSpan) throws(IntelHexError) {
    var position = 0
    var line = 1
    while position < file.byteCount {
      let byte = file.byte(at: position)
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        position += 1
      case UInt8(ascii: "\r"):
        // Alone it ends a line as well.
        let isPair =
          position + 1 < file.byteCount && file.byte(at: position + 1) == UInt8(ascii: "\n")
        line += isPair ? 0 : 1
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
      case _ where isEnded: throw .dataAfterEnd(line: line, offset: position)
      case UInt8(ascii: ":"):
        try readRecord(file, line: line, position: &position)
        try skipToEnd(of: line, file, &position)
      default: throw .noRecordMark(line: line, offset: position, byte: byte)
      }
    }
    guard isEnded else { throw .missingEnd(line: line, offset: position) }
  }

  /// Blanks may follow a record, nothing else.
  private func skipToEnd(
    of line: Int, _ file: borrowing RawSpan, _ position: inout Int
  ) throws(IntelHexError) {
    while position < file.byteCount {
      switch file.byte(at: position) {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return
      case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
      case let byte: throw .trailingText(line: line, offset: position, byte: byte)
      }
    }
  }

  private mutating func readRecord(
    _ file: borrowing RawSpan, line: Int, position: inout Int
  ) throws(IntelHexError) {
    let start = contents.count
    let record = try IntelHexRecord(
      reading: file, at: position, line: line, position: &position, data: &contents)
    if record.type == 0 { return try add(record, dataFrom: start) }
    // The data of all other records are numbers, which belong to no memory.
    let value = contents[start...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    contents.removeLast(contents.count - start)
    try checkLength(of: record)
    switch record.type {
    case 1: isEnded = true
    case 2: (base, isSegmented) = (value << 4, true)
    case 4: (base, isSegmented) = (value << 16, false)
    case 3: try setEntry((value >> 16) << 4 + (value & 0xffff), record)
    default: try setEntry(value, record)
    }
  }

  private func checkLength(of record: IntelHexRecord) throws(IntelHexError) {
    let expected: Int
    switch record.type {
    case 1: expected = 0
    case 2, 4: expected = 2
    case 3, 5: expected = 4
    default: throw .unknownType(line: record.line, offset: record.offset, type: record.type)
    }
    guard record.byteCount == expected else {
      throw .badLength(
        line: record.line, offset: record.offset, type: record.type, expected: expected,
        found: record.byteCount)
    }
  }

  private mutating func setEntry(
    _ address: UInt64, _ record: IntelHexRecord
  ) throws(IntelHexError) {
    guard entry == nil else { throw .secondEntry(line: record.line, offset: record.offset) }
    entry = DeviceAddress(rawValue: address)
  }

  private mutating func add(
    _ record: IntelHexRecord, dataFrom start: Int
  ) throws(IntelHexError) {
    guard record.byteCount > 0 else { return }
    // The base is below 2^32 and the offset below 2^16.
    let address = base + UInt64(record.address)
    let end = isSegmented ? base + 0x1_0000 : Self.addressSpace
    guard address + UInt64(record.byteCount) <= end else {
      throw .addressWrap(
        line: record.line, offset: record.offset, address: DeviceAddress(rawValue: address),
        byteCount: record.byteCount)
    }
    if let last = segments.last, last.range.upperBound == start,
      last.address.rawValue + UInt64(last.byteCount) == address
    {
      segments[segments.count - 1] = IntelHexSegment(
        address: last.address, line: last.line, recordOffset: last.recordOffset,
        range: last.range.lowerBound..<contents.count)
      return
    }
    guard segments.count < IntelHexFile.maximumSegmentCount else {
      throw .tooManySegments(line: record.line, limit: IntelHexFile.maximumSegmentCount)
    }
    segments.append(
      IntelHexSegment(
        address: DeviceAddress(rawValue: address), line: record.line, recordOffset: record.offset,
        range: start..<contents.count))
  }

  /// The segments by address.
  ///
  /// - Throws: ``IntelHexError/noData``, or ``IntelHexError/overlap(line:otherLine:address:)`` for
  ///   the lowest address concerned.
  func sortedSegments() throws(IntelHexError) -> [IntelHexSegment] {
    guard !segments.isEmpty else { throw .noData }
    let sorted = segments.sorted { ($0.address, $0.line) < ($1.address, $1.line) }
    for (segment, next) in zip(sorted, sorted.dropFirst())
    where segment.address.rawValue + UInt64(segment.byteCount) > next.address.rawValue {
      throw .overlap(
        line: min(segment.line, next.line), otherLine: max(segment.line, next.line),
        address: next.address)
    }
    return sorted
  }
}

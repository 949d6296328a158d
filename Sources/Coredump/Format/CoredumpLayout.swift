import ELF
import WireTypes

/// Where everything of a dump lies in its file.
///
/// ```text
///  elf        header | program headers | notes | data at multiples of 4096 | memory map note
///  linux      header | program headers | data
///  sections   header | section headers | names | data
/// ```
///
/// The memory map comes last, as only then is it known what could be read.
/// Source: [ELF] "Program Header", "Sections"; practice (Linux remoteproc) for the order.
public struct CoredumpLayout: Equatable, Sendable {
  /// The most segments, beyond which the field that counts them has another meaning (`PN_XNUM`).
  public static let maximumSegmentCount = 0xfffe
  /// The most sections, beyond which indices are reserved (`SHN_LORESERVE`).
  public static let maximumSectionCount = 0xff00 - 1
  static let pageByteCount: UInt64 = 4096

  /// A segment and where its bytes begin in the file.
  struct Placed: Equatable, Sendable {
    /// Its index among the segments that were asked for.
    let index: Int
    let segment: CoredumpSegment
    let offset: UInt64
  }

  /// What the dump is made of.
  public let contents: CoredumpContents
  /// Bytes of the whole file.
  public let byteCount: UInt64
  /// Segments that are in the file, in its order.
  let placed: [Placed]
  /// Notes before the data, one after the other.
  let notesOffset: UInt64
  let notesByteCount: UInt64
  /// The note after the data; no bytes when there is none.
  let mapOffset: UInt64
  let mapByteCount: UInt64

  /// Lays `contents` out.
  ///
  /// - Throws: ``CoredumpError/nothingToDump``, ``CoredumpError/tooManySegments(count:limit:)``,
  ///   ``CoredumpError/addressWrap(segment:start:byteCount:)``,
  ///   ``CoredumpError/addressNotExpressible(segment:_:)`` or
  ///   ``CoredumpError/tooLarge(segment:byteCount:limit:)``.
  public init(_ contents: CoredumpContents) throws(CoredumpError) {
    self.contents = contents
    let form = contents.form
    let kept = contents.segments.enumerated().filter { _, segment in
      segment.byteCount > 0 && (form != .sections || !segment.name.isEmpty)
    }
    guard !kept.isEmpty || (form == .elf && !contents.notes.isEmpty) else { throw .nothingToDump }
    try Self.check(kept.map { ($0.offset, $0.element) }, contents)
    let notes = form == .elf ? contents.notes : []
    notesOffset = Self.headerByteCount(contents, segmentCount: kept.count)
    notesByteCount = notes.reduce(0) { $0 + UInt64($1.encodedByteCount) }
    var room = Room(elfClass: contents.elfClass, offset: notesOffset)
    try room.take(notesByteCount, segment: 0)
    if form == .sections {
      try room.take(Self.names(kept.map(\.element)).byteCount, segment: 0)
    }
    var placed: [Placed] = []
    for (index, segment) in kept {
      if form == .elf { try room.align(to: Self.pageByteCount, segment: index) }
      placed.append(Placed(index: index, segment: segment, offset: room.offset))
      try room.take(segment.byteCount, segment: index)
    }
    self.placed = placed
    if form == .elf, !placed.isEmpty {
      try room.align(to: 4, segment: contents.segments.count)
      mapByteCount = UInt64(
        CoredumpMemoryMap(regions: placed.map { CoredumpMemoryMap.Region($0.segment) })
          .note.encodedByteCount)
    } else {
      mapByteCount = 0
    }
    mapOffset = room.offset
    try room.take(mapByteCount, segment: contents.segments.count)
    byteCount = room.offset
  }

  private static func check(
    _ segments: [(index: Int, segment: CoredumpSegment)], _ contents: CoredumpContents
  ) throws(CoredumpError) {
    // Two headers are for the notes; of the sections one is empty, and one has the names.
    let limit =
      switch contents.form {
      case .elf: maximumSegmentCount - 2
      case .linux: maximumSegmentCount
      case .sections: maximumSectionCount - 2
      }
    guard segments.count <= limit else {
      throw .tooManySegments(count: segments.count, limit: limit)
    }
    for (index, segment) in segments {
      guard let range = AddressRange(start: segment.da, byteCount: segment.byteCount) else {
        throw .addressWrap(segment: index, start: segment.da, byteCount: segment.byteCount)
      }
      let last = range.start.rawValue + (range.byteCount - 1)
      guard contents.elfClass == .elf64 || last <= UInt64(UInt32.max) else {
        throw .addressNotExpressible(segment: index, segment.da)
      }
    }
    guard contents.elfClass == .elf64 || contents.entry.rawValue <= UInt64(UInt32.max) else {
      throw .addressNotExpressible(segment: 0, contents.entry)
    }
  }

  private static func headerByteCount(_ contents: CoredumpContents, segmentCount: Int) -> UInt64 {
    let elfClass = contents.elfClass
    let headers =
      switch contents.form {
      case .elf: (segmentCount + (segmentCount > 0 ? 2 : 1)) * elfClass.segmentHeaderByteCount
      case .linux: segmentCount * elfClass.segmentHeaderByteCount
      case .sections: (segmentCount + 2) * elfClass.sectionHeaderByteCount
      }
    // At most 2^16 headers of 64 bytes: the product fits.
    return UInt64(elfClass.headerByteCount + headers)
  }

  /// The string table of the sections.
  static func names(_ segments: [CoredumpSegment]) -> SectionNames { SectionNames(segments) }

  /// A position in the file that never passes what its fields can hold.
  private struct Room {
    let elfClass: ELFClass
    var offset: UInt64

    private var limit: UInt64 { elfClass == .elf32 ? UInt64(UInt32.max) : UInt64(Int64.max) }

    mutating func take(_ byteCount: UInt64, segment: Int) throws(CoredumpError) {
      let (sum, overflow) = offset.addingReportingOverflow(byteCount)
      guard !overflow, sum <= limit else {
        throw .tooLarge(segment: segment, byteCount: overflow ? nil : sum, limit: limit)
      }
      offset = sum
    }

    mutating func align(to alignment: UInt64, segment: Int) throws(CoredumpError) {
      try take((alignment - offset % alignment) % alignment, segment: segment)
    }
  }
}

/// Names of sections, one after the other, each with a NUL.
struct SectionNames {
  /// The name of the string table itself.
  ///
  /// Source: practice (Linux remoteproc).
  private static let tableName = "STR_TBL"

  /// Offsets: of the table's own name, then of each segment's.
  private(set) var offsets: [UInt32] = []
  private(set) var bytes: [UInt8] = [0]

  init(_ segments: [CoredumpSegment]) {
    for name in [Array(Self.tableName.utf8)] + segments.map({ $0.name.bytes }) {
      offsets.append(UInt32(bytes.count))
      bytes += name + [0]
    }
  }

  var byteCount: UInt64 { UInt64(bytes.count) }
}

import ELF
import WireTypes

extension CoredumpLayout {
  /// Calls `emit` with all bytes before the data, in pieces.
  func emitHead(_ emit: (inout LittleEndianBytes) throws(CoredumpError) -> Void)
    throws(CoredumpError)
  {
    var bytes = LittleEndianBytes()
    addFileHeader(to: &bytes)
    try emit(&bytes)
    switch contents.form {
    case .elf: try emitSegments(&bytes, emit)
    case .linux: try emitLinuxSegments(&bytes, emit)
    case .sections: try emitSections(&bytes, emit)
    }
  }

  private func addFileHeader(to bytes: inout LittleEndianBytes) {
    let elfClass = contents.elfClass
    let table = UInt64(elfClass.headerByteCount)
    let hasSections = contents.form == .sections
    bytes.add([0x7f, 0x45, 0x4c, 0x46, elfClass.rawValue, 1, 1], paddedTo: 16)
    bytes.add(ELFType.core.rawValue)
    bytes.add(contents.machine.rawValue)
    bytes.add(1 as UInt32)
    bytes.add(contents.entry.rawValue, elfClass)
    bytes.add(hasSections ? 0 : table, elfClass)
    bytes.add(hasSections ? table : 0, elfClass)
    bytes.add(0 as UInt32)
    bytes.add(UInt16(table))
    bytes.add(UInt16(hasSections ? 0 : elfClass.segmentHeaderByteCount))
    bytes.add(UInt16(hasSections ? 0 : placed.count + noteSegmentCount))
    bytes.add(UInt16(hasSections ? elfClass.sectionHeaderByteCount : 0))
    bytes.add(UInt16(hasSections ? placed.count + 2 : 0))
    bytes.add(UInt16(hasSections ? 1 : 0))
  }

  private var noteSegmentCount: Int {
    guard contents.form == .elf else { return 0 }
    return mapByteCount > 0 ? 2 : 1
  }

  private func emitSegments(
    _ bytes: inout LittleEndianBytes,
    _ emit: (inout LittleEndianBytes) throws(CoredumpError) -> Void
  ) throws(CoredumpError) {
    add(note: notesOffset, notesByteCount, to: &bytes)
    for item in placed {
      let isAligned = item.segment.da.rawValue % Self.pageByteCount == 0
      add(item, alignment: isAligned ? Self.pageByteCount : 1, to: &bytes)
      try emit(&bytes)
    }
    if mapByteCount > 0 { add(note: mapOffset, mapByteCount, to: &bytes) }
    for note in contents.notes {
      note.encode(into: &bytes)
      try emit(&bytes)
    }
    try emit(&bytes)
  }

  private func emitLinuxSegments(
    _ bytes: inout LittleEndianBytes,
    _ emit: (inout LittleEndianBytes) throws(CoredumpError) -> Void
  ) throws(CoredumpError) {
    for item in placed {
      add(item, alignment: 0, to: &bytes)
      try emit(&bytes)
    }
  }

  private func emitSections(
    _ bytes: inout LittleEndianBytes,
    _ emit: (inout LittleEndianBytes) throws(CoredumpError) -> Void
  ) throws(CoredumpError) {
    let elfClass = contents.elfClass
    let names = Self.names(placed.map(\.segment))
    bytes.add([], paddedTo: elfClass.sectionHeaderByteCount)
    add(
      section: names.offsets[0], type: 3 /* string table */, flags: 0, address: 0,
      offset: notesOffset, byteCount: names.byteCount, to: &bytes)
    for (item, name) in zip(placed, names.offsets.dropFirst()) {
      add(
        section: name, type: 1 /* what a program defines */, flags: 1 /* may be written */,
        address: item.segment.da.rawValue, offset: item.offset, byteCount: item.segment.byteCount,
        to: &bytes)
      try emit(&bytes)
    }
    bytes.add(names.bytes, paddedTo: names.bytes.count)
    try emit(&bytes)
  }

  private func add(note offset: UInt64, _ byteCount: UInt64, to bytes: inout LittleEndianBytes) {
    addSegment(
      type: .note, flags: .read, offset: offset, address: 0, byteCount: byteCount,
      memoryByteCount: 0, alignment: 4, to: &bytes)
  }

  private func add(_ item: Placed, alignment: UInt64, to bytes: inout LittleEndianBytes) {
    addSegment(
      type: .load, flags: [.read, .write, .execute], offset: item.offset,
      address: item.segment.da.rawValue, byteCount: item.segment.byteCount,
      memoryByteCount: item.segment.byteCount, alignment: alignment, to: &bytes)
  }

  /// Adds a program header; see `ELFSegment` for the order of its fields.
  private func addSegment(
    type: ELFSegmentType, flags: ELFSegmentFlags, offset: UInt64, address: UInt64,
    byteCount: UInt64, memoryByteCount: UInt64, alignment: UInt64,
    to bytes: inout LittleEndianBytes
  ) {
    let elfClass = contents.elfClass
    bytes.add(type.rawValue)
    if elfClass == .elf64 { bytes.add(flags.rawValue) }
    for value in [offset, address, address, byteCount, memoryByteCount] {
      bytes.add(value, elfClass)
    }
    if elfClass == .elf32 { bytes.add(flags.rawValue) }
    bytes.add(alignment, elfClass)
  }

  /// Adds a section header; see `ELFSection` for the order of its fields.
  private func add(
    section name: UInt32, type: UInt32, flags: UInt64, address: UInt64, offset: UInt64,
    byteCount: UInt64, to bytes: inout LittleEndianBytes
  ) {
    let elfClass = contents.elfClass
    bytes.add(name)
    bytes.add(type)
    for value in [flags, address, offset, byteCount] { bytes.add(value, elfClass) }
    bytes.add(0 as UInt32)
    bytes.add(0 as UInt32)
    bytes.add(0, elfClass)
    bytes.add(0, elfClass)
  }
}

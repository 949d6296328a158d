import WireTypes

extension ELFFile {
  /// All bytes of the image as they are when it is loaded `displacement` above where it was linked,
  /// modulo the address space.
  ///
  /// Headers are not changed; only loaded bytes are, and each by what the image holds, never by
  /// what an earlier relocation wrote. Takes time linear in the size of the image, and times the
  /// logarithm of the number of segments.
  ///
  /// - Throws: ``ELFError`` when a table or a place lies outside the loaded bytes, or needs what
  ///   only a dynamic linker has.
  public func relocatedBytes(by displacement: UInt64) throws(ELFError) -> [UInt8] {
    guard let segment = dynamicSegment else { return bytes }
    let table = try ELFDynamicTable(reading: self, in: bytes(of: segment).indices)
    var relocator = ELFRelocator(
      file: self, map: try ELFMemoryMap(of: self), dynamic: table, displacement: displacement)
    try relocator.applyAll()
    return relocator.result
  }
}

/// Applies the relocations of one image to a copy of it.
private struct ELFRelocator {
  let file: ELFFile
  var map: ELFMemoryMap
  let dynamic: ELFDynamicTable
  let displacement: UInt64
  var result: [UInt8] = []

  private var wordByteCount: Int { file.elfClass == .elf32 ? 4 : 8 }

  init(file: ELFFile, map: ELFMemoryMap, dynamic: ELFDynamicTable, displacement: UInt64) {
    self.file = file
    self.map = map
    self.dynamic = dynamic
    self.displacement = displacement
  }

  mutating func applyAll() throws(ELFError) {
    result = file.bytes
    try applyCompact()
    try apply(.explicitTable, .explicitByteCount, .explicitEntryByteCount, isExplicit: true)
    try apply(.implicitTable, .implicitByteCount, .implicitEntryByteCount, isExplicit: false)
    guard let kind = dynamic[.jumpTableKind] else { return }
    guard kind.value == 7 || kind.value == 17 else {
      throw .badDynamicEntry(offset: kind.offset, tag: 20, value: kind.value)
    }
    try apply(.jumpTable, .jumpTableByteCount, nil, isExplicit: kind.value == 7)
  }

  /// Where a table is in the file.
  private mutating func range(
    _ address: ELFDynamicTag, _ byteCount: ELFDynamicTag, entryByteCount: Int
  ) throws(ELFError) -> Range<Int>? {
    let found = try dynamic.table(address, byteCount, entryByteCount: entryByteCount)
    guard let found else { return nil }
    guard let start = map.fileOffset(of: found.address, byteCount: found.byteCount) else {
      throw .dynamicTableNotLoaded(
        tag: address.rawValue, address: DeviceAddress(rawValue: found.address),
        byteCount: found.byteCount)
    }
    return start..<(start + Int(found.byteCount))
  }

  private mutating func apply(
    _ address: ELFDynamicTag, _ byteCount: ELFDynamicTag, _ entrySize: ELFDynamicTag?,
    isExplicit: Bool
  ) throws(ELFError) {
    let size = ELFRelocation.byteCount(of: file.elfClass, isExplicit: isExplicit)
    guard let range = try range(address, byteCount, entryByteCount: size) else { return }
    if let entrySize { try dynamic.check(entrySize, is: size) }
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      try apply(ELFRelocation(reading: file, at: offset, isExplicit: isExplicit))
    }
  }

  private mutating func apply(_ relocation: ELFRelocation) throws(ELFError) {
    switch relocation.kind {
    case .none: return
    case .relative:
      let place = try place(relocation.address, named: relocation.offset)
      store((relocation.addend ?? file.word(at: place)) &+ displacement, at: place)
    case .absolute:
      let place = try place(relocation.address, named: relocation.offset)
      let addend = relocation.addend ?? file.word(at: place)
      store(try value(of: relocation) &+ addend, at: place)
    case .slot:
      let place = try place(relocation.address, named: relocation.offset)
      store(try value(of: relocation), at: place)
    }
  }

  /// Addresses that only move, packed: a word for an address, then words with a bit for each of
  /// the words that follow it.
  ///
  /// Addresses must rise, as linkers sort them; else a small table could name the same words again
  /// and again. Source: [ELF] "Relative relocation table".
  private mutating func applyCompact() throws(ELFError) {
    let size = wordByteCount
    guard let range = try range(.relativeTable, .relativeByteCount, entryByteCount: size) else {
      return
    }
    try dynamic.check(.relativeEntryByteCount, is: size)
    var next: UInt64?
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let entry = file.word(at: offset)
      if entry & 1 == 0 {
        guard entry >= next ?? 0 else { throw .unsortedRelocation(offset: offset) }
        try move(entry, named: offset)
        next = entry &+ UInt64(size)
      } else {
        guard let base = next else { throw .unsortedRelocation(offset: offset) }
        try move(bits: entry >> 1, from: base, named: offset)
        let (sum, overflow) = base.addingReportingOverflow(UInt64(size * (size * 8 - 1)))
        guard !overflow else { throw .unsortedRelocation(offset: offset) }
        next = sum
      }
    }
  }

  private mutating func move(
    bits: UInt64, from base: UInt64, named offset: Int
  ) throws(ELFError) {
    var rest = bits
    while rest != 0 {
      let index = UInt64(rest.trailingZeroBitCount)
      rest &= rest - 1
      let (address, overflow) = base.addingReportingOverflow(index * UInt64(wordByteCount))
      guard !overflow else { throw .unsortedRelocation(offset: offset) }
      try move(address, named: offset)
    }
  }

  private mutating func move(_ address: UInt64, named offset: Int) throws(ELFError) {
    let place = try place(address, named: offset)
    store(file.word(at: place) &+ displacement, at: place)
  }

  /// Where a place is in the file.
  private mutating func place(
    _ address: UInt64, named offset: Int
  ) throws(ELFError) -> Int {
    guard let place = map.fileOffset(of: address, byteCount: UInt64(wordByteCount)) else {
      throw .relocationOutOfSegments(offset: offset, address: DeviceAddress(rawValue: address))
    }
    return place
  }

  /// The address of the symbol that a relocation names.
  private mutating func value(of relocation: ELFRelocation) throws(ELFError) -> UInt64 {
    let undefined = ELFError.undefinedSymbol(
      offset: relocation.offset, index: Int(relocation.symbol))
    guard relocation.symbol != 0 else { throw undefined }
    let size = file.elfClass.symbolByteCount
    guard let table = dynamic[.symbolTable] else { throw undefined }
    try dynamic.check(.symbolByteCount, is: size)
    // Below 2^32 times 24.
    let distance = UInt64(relocation.symbol) * UInt64(size)
    let (address, overflow) = table.value.addingReportingOverflow(distance)
    guard !overflow, let place = map.fileOffset(of: address, byteCount: UInt64(size)) else {
      throw .dynamicTableNotLoaded(
        tag: ELFDynamicTag.symbolTable.rawValue, address: DeviceAddress(rawValue: address),
        byteCount: UInt64(size))
    }
    let symbol = ELFSymbolRecord(decoding: file.bytes, at: place, class: file.elfClass)
    guard symbol.sectionIndex != 0, symbol.kind.rawValue <= ELFSymbolKind.function.rawValue else {
      throw undefined
    }
    // A bare number does not move.
    return symbol.sectionIndex == 0xfff1 ? symbol.value : symbol.value &+ displacement
  }

  private mutating func store(_ value: UInt64, at place: Int) {
    for index in 0..<wordByteCount {
      result[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}

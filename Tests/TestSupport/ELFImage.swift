/// A small ELF image to be made for a test; it shares no code with the reader.
public struct ELFImage: Sendable {
  /// A program header and its bytes.
  public struct Segment: Sendable {
    /// `p_type`; 1 is loadable.
    public var type: UInt32 = 1
    /// `p_flags`; execute 1, write 2, read 4.
    public var flags: UInt32 = 5
    /// `p_paddr` and `p_vaddr`.
    public var address: UInt64
    /// What is in the file.
    public var bytes: [UInt8]
    /// `p_memsz`; as many as in the file when `nil`.
    public var memoryByteCount: UInt64?
    /// `p_vaddr` where it is not `p_paddr`.
    public var virtualAddress: UInt64?
    /// `p_align`.
    public var alignment: UInt64 = 4

    /// Makes a loadable segment that may be read and executed.
    public init(address: UInt64, bytes: [UInt8], memoryByteCount: UInt64? = nil) {
      self.address = address
      self.bytes = bytes
      self.memoryByteCount = memoryByteCount
    }
  }

  /// A section header and its bytes.
  public struct Section: Sendable {
    /// The name.
    public var name: String
    /// `sh_type`; 1 is what a program defines.
    public var type: UInt32 = 1
    /// `sh_addr`.
    public var address: UInt64
    /// What is in the file.
    public var bytes: [UInt8]
    /// `sh_link`.
    public var link: UInt32 = 0
    /// `sh_offset` of bytes that are in the file already; `nil` adds them.
    public var offset: Int?

    /// Makes a section of bytes that the program defines.
    public init(name: String, address: UInt64 = 0, bytes: [UInt8]) {
      self.name = name
      self.address = address
      self.bytes = bytes
    }
  }

  /// A symbol.
  public struct Symbol: Sendable {
    /// The name.
    public var name: String
    /// The address.
    public var value: UInt64
    /// Bytes that belong to it.
    public var byteCount: UInt64 = 4
    /// `st_info`; 1 is a variable, 2 a function.
    public var info: UInt8 = 2
    /// `st_shndx`.
    public var sectionIndex: UInt16 = 1

    /// Makes a function.
    public init(name: String, value: UInt64, info: UInt8 = 2) {
      self.name = name
      self.value = value
      self.info = info
    }
  }

  /// Whether the image is of class ELF64.
  public var is64: Bool
  /// `e_type`; 2 is an executable.
  public var type: UInt16 = 2
  /// `e_machine`; 243 is RISC-V.
  public var machine: UInt16 = 243
  /// `e_entry`.
  public var entry: UInt64 = 0
  /// Program headers in order.
  public var segments: [Segment] = []
  /// Sections in order, from index 1; the names' section is added behind them.
  public var sections: [Section] = []
  /// Symbols; without any there is no symbol table.
  public var symbols: [Symbol] = []

  /// Makes an image without content.
  public init(is64: Bool = false) { self.is64 = is64 }

  /// The image of a `.resource_table` section and one segment of code.
  public init(is64: Bool = false, table: [UInt8]) {
    self.init(is64: is64)
    entry = 0x8000_0000
    segments = [Segment(address: 0x8000_0000, bytes: [UInt8](repeating: 0x13, count: 64))]
    sections = [Section(name: ".resource_table", address: 0x8000_1000, bytes: table)]
  }

  /// The bytes of the file.
  public func build() -> [UInt8] {
    let header = is64 ? 64 : 52
    let segmentHeader = is64 ? 56 : 32
    var content = LittleEndianBytes(is64: is64)
    let contentStart = header + segmentHeader * segments.count
    var segmentOffsets: [Int] = []
    for segment in segments {
      segmentOffsets.append(contentStart + content.bytes.count)
      content.bytes += segment.bytes
    }
    let sections = allSections
    var sectionOffsets: [Int] = []
    for section in sections {
      if let offset = section.offset {
        sectionOffsets.append(offset)
        continue
      }
      content.pad(to: 4)
      sectionOffsets.append(contentStart + content.bytes.count)
      content.bytes += section.bytes
    }
    content.pad(to: 8)
    let sectionTable = contentStart + content.bytes.count
    var file = fileHeader(sectionTable: sectionTable, sectionCount: sections.count)
    for (segment, offset) in zip(segments, segmentOffsets) { file.add(segment, at: offset) }
    file.bytes += content.bytes
    var nameOffset = 0
    for (section, offset) in zip(sections, sectionOffsets) {
      file.add(section, nameOffset: nameOffset, at: offset)
      nameOffset += section.name.utf8.count + 1
    }
    return file.bytes
  }

  private var allSections: [Section] {
    var all = [Section(name: "", bytes: [])] + sections
    all[0].type = 0
    if !symbols.isEmpty {
      var table = LittleEndianBytes(is64: is64)
      var names: [UInt8] = [0]
      table.bytes += [UInt8](repeating: 0, count: is64 ? 24 : 16)
      for symbol in symbols {
        table.add(symbol, nameOffset: names.count)
        names += Array(symbol.name.utf8) + [0]
      }
      var symbolTable = Section(name: ".symtab", bytes: table.bytes)
      symbolTable.type = 2
      symbolTable.link = UInt32(all.count + 1)
      var strings = Section(name: ".strtab", bytes: names)
      strings.type = 3
      all += [symbolTable, strings]
    }
    var names = Section(name: ".shstrtab", bytes: [])
    names.type = 3
    all.append(names)
    all[all.count - 1].bytes = all.flatMap { Array($0.name.utf8) + [0] }
    return all
  }

  private func fileHeader(sectionTable: Int, sectionCount: Int) -> LittleEndianBytes {
    var file = LittleEndianBytes(is64: is64)
    file.bytes = [0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    file.add(type)
    file.add(machine)
    file.add(UInt32(1))
    file.addWord(entry)
    file.addWord(is64 ? 64 : 52)
    file.addWord(UInt64(sectionTable))
    file.add(UInt32(0))
    for field in [
      is64 ? 64 : 52, is64 ? 56 : 32, segments.count, is64 ? 64 : 40, sectionCount,
      sectionCount - 1,
    ] { file.add(UInt16(field)) }
    return file
  }
}

/// Bytes of an ELF file in the making.
private struct LittleEndianBytes {
  let is64: Bool
  var bytes: [UInt8] = []

  init(is64: Bool) { self.is64 = is64 }

  mutating func add(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  mutating func addWord(_ value: UInt64) {
    if is64 { add(value) } else { add(UInt32(value)) }
  }

  mutating func pad(to alignment: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  mutating func add(_ segment: ELFImage.Segment, at offset: Int) {
    add(segment.type)
    if is64 { add(segment.flags) }
    addWord(UInt64(offset))
    addWord(segment.virtualAddress ?? segment.address)
    addWord(segment.address)
    addWord(UInt64(segment.bytes.count))
    addWord(segment.memoryByteCount ?? UInt64(segment.bytes.count))
    if !is64 { add(segment.flags) }
    addWord(segment.alignment)
  }

  mutating func add(_ section: ELFImage.Section, nameOffset: Int, at offset: Int) {
    add(UInt32(nameOffset))
    add(section.type)
    addWord(0)
    addWord(section.address)
    addWord(UInt64(offset))
    addWord(UInt64(section.bytes.count))
    add(section.link)
    add(UInt32(0))
    addWord(4)
    addWord(0)
  }

  mutating func add(_ symbol: ELFImage.Symbol, nameOffset: Int) {
    add(UInt32(nameOffset))
    if is64 {
      add(symbol.info)
      add(UInt8(0))
      add(symbol.sectionIndex)
    }
    addWord(symbol.value)
    addWord(symbol.byteCount)
    if !is64 {
      add(symbol.info)
      add(UInt8(0))
      add(symbol.sectionIndex)
    }
  }
}

extension [UInt8] {
  /// Overwrites the little-endian integer at `offset`.
  public mutating func patch(_ value: some FixedWidthInteger, at offset: Int) {
    for index in 0..<(value.bitWidth / 8) {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}

public import WireTypes

/// What a section holds (`sh_type`).
public struct ELFSectionType: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt32

  /// Makes the type with this number; any number is possible.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An unused entry.
  public static let null = ELFSectionType(rawValue: 0)
  /// Bytes that the program defines.
  public static let programBits = ELFSectionType(rawValue: 1)
  /// Symbols.
  public static let symbolTable = ELFSectionType(rawValue: 2)
  /// Strings, each ended by a NUL.
  public static let stringTable = ELFSectionType(rawValue: 3)
  /// Memory without bytes in the file.
  public static let noBits = ELFSectionType(rawValue: 8)
}

/// One section header, as it stands in the file: none of its numbers is checked.
///
/// | ELF32 | ELF64 | Field            | Name on the wire |
/// |------:|------:|------------------|------------------|
/// |     0 |     0 | `nameOffset`     | `sh_name`        |
/// |     4 |     4 | `type`           | `sh_type`        |
/// |     8 |     8 | `flags`          | `sh_flags`       |
/// |    12 |    16 | `address`        | `sh_addr`        |
/// |    16 |    24 | `offset`         | `sh_offset`      |
/// |    20 |    32 | `byteCount`      | `sh_size`        |
/// |    24 |    40 | `link`           | `sh_link`        |
/// |    28 |    44 | `info`           | `sh_info`        |
/// |    32 |    48 | `alignment`      | `sh_addralign`   |
/// |    36 |    56 | `entryByteCount` | `sh_entsize`     |
///
/// Source: [ELF] "Sections".
public struct ELFSection: Equatable, Sendable {
  /// The position in the section header table.
  public let index: Int
  /// Where this section header lies in the file, in bytes; error messages name it.
  public let headerOffset: Int
  /// Where the name begins in the table of section names.
  public let nameOffset: UInt32
  /// What the section holds.
  public let type: ELFSectionType
  /// Its `sh_flags`.
  public let flags: UInt64
  /// Where the section lies in the memory of the processor; 0 when it does not.
  public let address: DeviceAddress
  /// Where its bytes begin in the file.
  public let offset: UInt64
  /// Bytes of the section.
  public let byteCount: UInt64
  /// The section that belongs to it; its meaning depends on the type.
  public let link: UInt32
  /// Its `sh_info`; the meaning depends on the type.
  public let info: UInt32
  /// The alignment of its address; nothing here divides by it.
  public let alignment: UInt64
  /// Bytes of one entry of a table; nothing here divides by it.
  public let entryByteCount: UInt64

  init(decoding file: [UInt8], at offset: Int, index: Int, class elfClass: ELFClass) {
    self.index = index
    headerOffset = offset
    func word(_ narrow: Int, _ wide: Int) -> UInt64 {
      elfClass == .elf32
        ? UInt64(file.littleEndian(at: offset + narrow, as: UInt32.self))
        : file.littleEndian(at: offset + wide)
    }
    nameOffset = file.littleEndian(at: offset)
    type = ELFSectionType(rawValue: file.littleEndian(at: offset + 4))
    flags = word(8, 8)
    address = DeviceAddress(rawValue: word(12, 16))
    self.offset = word(16, 24)
    byteCount = word(20, 32)
    link = file.littleEndian(at: offset + (elfClass == .elf32 ? 24 : 40))
    info = file.littleEndian(at: offset + (elfClass == .elf32 ? 28 : 44))
    alignment = word(32, 48)
    entryByteCount = word(36, 56)
  }
}

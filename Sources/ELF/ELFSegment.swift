public import WireTypes

/// What a program header describes (`p_type`).
public struct ELFSegmentType: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt32

  /// Makes the type with this number; any number is possible.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An unused entry.
  public static let null = ELFSegmentType(rawValue: 0)
  /// Memory to load.
  public static let load = ELFSegmentType(rawValue: 1)
  /// Dynamic linking.
  public static let dynamic = ELFSegmentType(rawValue: 2)
  /// Notes.
  public static let note = ELFSegmentType(rawValue: 4)
}

/// What may be done with a segment's memory (`p_flags`).
public struct ELFSegmentFlags: OptionSet, Hashable, Sendable {
  /// The bits on the wire.
  public let rawValue: UInt32

  /// Makes the flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Instructions are fetched from it.
  public static let execute = ELFSegmentFlags(rawValue: 1)
  /// It is written.
  public static let write = ELFSegmentFlags(rawValue: 2)
  /// It is read.
  public static let read = ELFSegmentFlags(rawValue: 4)
}

/// One program header, as it stands in the file: none of its numbers is checked.
///
/// | ELF32 | ELF64 | Field              | Name on the wire |
/// |------:|------:|--------------------|------------------|
/// |     0 |     0 | `type`             | `p_type`         |
/// |     4 |     8 | `offset`           | `p_offset`       |
/// |     8 |    16 | `virtualAddress`   | `p_vaddr`        |
/// |    12 |    24 | `physicalAddress`  | `p_paddr`        |
/// |    16 |    32 | `fileByteCount`    | `p_filesz`       |
/// |    20 |    40 | `memoryByteCount`  | `p_memsz`        |
/// |    24 |     4 | `flags`            | `p_flags`        |
/// |    28 |    48 | `alignment`        | `p_align`        |
///
/// Source: [ELF] "Program Header".
public struct ELFSegment: Equatable, Sendable {
  /// Where this program header lies in the file, in bytes; error messages name it.
  public let headerOffset: Int
  /// What the segment is.
  public let type: ELFSegmentType
  /// What may be done with its memory.
  public let flags: ELFSegmentFlags
  /// Where its bytes begin in the file.
  public let offset: UInt64
  /// The address that the linker resolved symbols to.
  public let virtualAddress: DeviceAddress
  /// The address to load to.
  ///
  /// Where the two addresses differ, this one counts. Source: practice (Linux remoteproc loads to
  /// `p_paddr`).
  public let physicalAddress: DeviceAddress
  /// Bytes in the file.
  public let fileByteCount: UInt64
  /// Bytes in memory; those after `fileByteCount` are zero.
  public let memoryByteCount: UInt64
  /// The alignment that the linker kept to; nothing here divides by it.
  public let alignment: UInt64

  /// Whether the segment occupies memory: a loadable one that is not empty.
  public var isLoadable: Bool { type == .load && memoryByteCount > 0 }

  init(decoding file: [UInt8], at offset: Int, class elfClass: ELFClass) {
    headerOffset = offset
    func word(_ narrow: Int, _ wide: Int) -> UInt64 {
      elfClass == .elf32
        ? UInt64(file.littleEndian(at: offset + narrow, as: UInt32.self))
        : file.littleEndian(at: offset + wide)
    }
    type = ELFSegmentType(rawValue: file.littleEndian(at: offset))
    flags = ELFSegmentFlags(
      rawValue: file.littleEndian(at: offset + (elfClass == .elf32 ? 24 : 4)))
    self.offset = word(4, 8)
    virtualAddress = DeviceAddress(rawValue: word(8, 16))
    physicalAddress = DeviceAddress(rawValue: word(12, 24))
    fileByteCount = word(16, 32)
    memoryByteCount = word(20, 40)
    alignment = word(28, 48)
  }
}

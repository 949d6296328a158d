public import WireTypes

/// What a symbol stands for (the low half of `st_info`).
public struct ELFSymbolKind: RawRepresentable, Hashable, Sendable {
  /// The number on the wire, 0...15.
  public let rawValue: UInt8

  /// Makes the kind with this number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Not said.
  public static let unspecified = ELFSymbolKind(rawValue: 0)
  /// A variable.
  public static let object = ELFSymbolKind(rawValue: 1)
  /// A function.
  public static let function = ELFSymbolKind(rawValue: 2)
}

/// A name for an address.
public struct ELFSymbol: Equatable, Sendable {
  /// The name; bytes that are not UTF-8 are replaced.
  public let name: String
  /// What it stands for.
  public let kind: ELFSymbolKind
  /// The address it stands for, without the bit that marks Thumb code.
  public let address: DeviceAddress
  /// Bytes that belong to it; 0 when not said.
  public let byteCount: UInt64
}

/// One entry of a symbol table, before its name is looked up.
///
/// | ELF32 | ELF64 | Field          | Name on the wire |
/// |------:|------:|----------------|------------------|
/// |     0 |     0 | `nameOffset`   | `st_name`        |
/// |     4 |     8 | `value`        | `st_value`       |
/// |     8 |    16 | `byteCount`    | `st_size`        |
/// |    12 |     4 | `kind`         | `st_info`        |
/// |    14 |     6 | `sectionIndex` | `st_shndx`       |
///
/// Source: [ELF] "Symbol Table".
struct ELFSymbolRecord {
  let offset: Int
  let nameOffset: UInt32
  let value: UInt64
  let byteCount: UInt64
  let kind: ELFSymbolKind
  let sectionIndex: UInt16

  init(decoding file: [UInt8], at offset: Int, class elfClass: ELFClass) {
    self.offset = offset
    nameOffset = file.littleEndian(at: offset)
    let info: UInt8
    switch elfClass {
    case .elf32:
      value = UInt64(file.littleEndian(at: offset + 4, as: UInt32.self))
      byteCount = UInt64(file.littleEndian(at: offset + 8, as: UInt32.self))
      info = file.littleEndian(at: offset + 12)
      sectionIndex = file.littleEndian(at: offset + 14)
    case .elf64:
      value = file.littleEndian(at: offset + 8)
      byteCount = file.littleEndian(at: offset + 16)
      info = file.littleEndian(at: offset + 4)
      sectionIndex = file.littleEndian(at: offset + 6)
    }
    kind = ELFSymbolKind(rawValue: info & 0xf)
  }

  /// Whether it is an address of the image: neither undefined (0) nor a bare number (0xfff1).
  var hasAddress: Bool {
    sectionIndex != 0 && sectionIndex != 0xfff1 && kind.rawValue <= ELFSymbolKind.function.rawValue
  }
}

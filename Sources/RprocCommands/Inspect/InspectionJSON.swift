import ELF
import FirmwareFiles
import ResourceTable
import WireTypes

/// An inspection as one JSON object.
enum InspectionJSON {
  private typealias Field = JSONValue.Field

  /// The object.
  static func object(_ inspection: ImageInspection) -> JSONValue {
    let content = inspection.content
    return .object([
      Field("name", .string(inspection.image.name)),
      Field("format", .string(content.formatName)),
      Field("machine", content.machineName.map(JSONValue.string) ?? .null),
      Field("type", content.typeName.map(JSONValue.string) ?? .null),
      Field("entry", content.entry.map { .address($0.rawValue) } ?? .null),
      Field("compression", inspection.image.compression.map { .string($0.rawValue) } ?? .null),
      Field("bytes", .count(inspection.image.bytes.count)),
      Field("sha256", .string(SHA256(of: inspection.image.bytes).hex)),
      Field("segments", .array(segments(content))),
      Field("sections", .array(inspection.sections.map(section))),
      Field("table", inspection.table.map(table) ?? .null),
    ])
  }

  private static func segments(_ content: ImageInspection.Content) -> [JSONValue] {
    switch content {
    case .elf(let elf): segments(elf)
    case .binary, .hex:
      content.pieces.prefix(ImageInspection.maxRowCount).map { piece in
        .object([
          Field("type", .string("load")), Field("offset", .address(UInt64(piece.offset))),
          Field("paddr", .address(piece.address.rawValue)),
          Field("filesz", .count(piece.byteCount)), Field("memsz", .count(piece.byteCount)),
        ])
      }
    }
  }

  private static func segments(_ elf: ELFFile) -> [JSONValue] {
    elf.segments.prefix(ImageInspection.maxRowCount).map { segment in
      .object([
        Field("type", .string(InspectionText.name(of: segment.type))),
        Field("offset", .address(segment.offset)),
        Field("vaddr", .address(segment.virtualAddress.rawValue)),
        Field("paddr", .address(segment.physicalAddress.rawValue)),
        Field("filesz", .unsigned(segment.fileByteCount)),
        Field("memsz", .unsigned(segment.memoryByteCount)),
        Field("flags", .string(InspectionText.text(of: segment.flags))),
      ])
    }
  }

  private static func section(_ section: ImageInspection.NamedSection) -> JSONValue {
    .object([
      Field("name", .string(section.name)),
      Field("address", .address(section.header.address.rawValue)),
      Field("offset", .address(section.header.offset)),
      Field("bytes", .unsigned(section.header.byteCount)),
    ])
  }

  /// A resource table as one JSON object.
  static func table(_ table: TableInspection) -> JSONValue {
    .object([
      Field("version", table.version.map { .integer($0 == .v0 ? 0 : 1) } ?? .null),
      Field("da", table.section.map { .address($0.address.rawValue) } ?? .null),
      Field("offset", table.section.map { .address($0.offset) } ?? .null),
      Field("bytes", .count(table.byteCount)),
      Field("count", .count(table.entryCount)),
      Field("entries", .array(table.rows.map(row))),
    ])
  }

  private static func row(_ row: TableInspection.Row) -> JSONValue {
    var fields = [Field("type", .string(row.kind))]
    if let index = row.index { fields.append(Field("index", .count(index))) }
    if let offset = row.offset { fields.append(Field("offset", .count(offset))) }
    if !row.name.isEmpty { fields.append(Field("name", .string(row.name))) }
    switch row.da {
    case .none: break
    case .any: fields.append(Field("da", .string("any")))
    case .fixed(let da): fields.append(Field("da", .address(da)))
    }
    if let pa = row.pa { fields.append(Field("pa", .address(pa))) }
    if let byteCount = row.byteCount { fields.append(Field("len", .unsigned(byteCount))) }
    return .object(
      fields + row.details.filter { field in !fields.contains { $0.key == field.key } })
  }
}

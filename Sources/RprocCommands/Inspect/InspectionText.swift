import ELF
import FirmwareFiles
import ResourceTable
import WireTypes

/// An inspection as tables for people.
struct InspectionText {
  private let inspection: ImageInspection
  private let palette: Palette

  init(_ inspection: ImageInspection, palette: Palette) {
    self.inspection = inspection
    self.palette = palette
  }

  /// All lines.
  var lines: [String] {
    var lines = [header, ""]
    lines += titled("SEGMENTS", segments)
    if !inspection.sections.isEmpty { lines += [""] + titled("SECTIONS", sections) }
    lines.append("")
    if let table = inspection.table {
      lines += Self.lines(of: table, palette: palette)
    } else if inspection.failure == nil {
      let reason =
        inspection.content.isELF
        ? "no section \(ImageInspection.tableSectionName)"
        : "a \(inspection.content.formatName) image has none"
      lines.append("no resource table (\(reason))")
    }
    return lines
  }

  /// The lines of a resource table.
  static func lines(of table: TableInspection, palette: Palette) -> [String] {
    titled("RESOURCE TABLE", rows(of: table), note: note(on: table), palette)
  }

  private var header: String {
    let content = inspection.content
    let kind = [content.formatName, content.machineName, content.typeName].compactMap(\.self)
    let name = SafeText.escaped(inspection.image.name, limit: 80)
    let packed = inspection.image.compression.map { " from \($0.rawValue)" } ?? ""
    return [
      palette.paint(name, .accent), kind.joined(separator: " "),
      Decimals.size(UInt64(inspection.image.bytes.count)) + packed,
      content.entry.map { "entry \($0)" } ?? "no entry",
      palette.paint("sha256 \(SHA256(of: inspection.image.bytes).hex.prefix(16))", .dim),
    ].joined(separator: "   ")
  }

  private func titled(_ title: String, _ rows: [[String]]) -> [String] {
    Self.titled(title, rows, note: "", palette)
  }

  private static func titled(
    _ title: String, _ rows: [[String]], note: String, _ palette: Palette
  ) -> [String] {
    let first = palette.paint(title, .accent) + (note.isEmpty ? "" : "   \(note)")
    return [first] + Columns.table(rows, indent: 2)
  }

  private var segments: [[String]] {
    guard case .elf(let elf) = inspection.content else { return pieces }
    let title = ["#", "type", "offset", "address", "in file", "in memory", "flags"]
    let shown = elf.segments.prefix(ImageInspection.maxRowCount)
    let rows = shown.enumerated().map { index, segment in
      [
        "\(index)", Self.name(of: segment.type), Hex.address(segment.offset),
        "\(segment.physicalAddress)", Decimals.size(segment.fileByteCount),
        Decimals.size(segment.memoryByteCount), Self.text(of: segment.flags),
      ]
    }
    let rest = elf.segmentCount - shown.count
    return [title] + rows + (rest > 0 ? [["and \(rest) more"]] : [])
  }

  private var pieces: [[String]] {
    let all = inspection.content.pieces
    let shown = all.prefix(ImageInspection.maxRowCount)
    let rows = shown.enumerated().map { index, piece in
      [
        "\(index)", Hex.address(UInt64(piece.offset)), "\(piece.address)",
        Decimals.size(UInt64(piece.byteCount)),
      ]
    }
    let rest = all.count - shown.count
    return [["#", "offset", "address", "size"]] + rows
      + (rest > 0 ? [["and \(rest) more"]] : [])
  }

  private var sections: [[String]] {
    [["name", "address", "offset", "size"]]
      + inspection.sections.map { section in
        [
          SafeText.escaped(section.name, limit: 48), "\(section.header.address)",
          Hex.address(section.header.offset), Decimals.size(section.header.byteCount),
        ]
      }
  }

  private static func note(on table: TableInspection) -> String {
    let version = table.version.map { $0 == .v0 ? "version 0, " : "version 1, " } ?? ""
    let place = table.section.map { section in
      " at \(section.address), file offset \(Hex.address(section.offset))"
    }
    return "\(version)\(table.entryCount) entries, \(table.byteCount) bytes\(place ?? "")"
  }

  static func rows(of table: TableInspection) -> [[String]] {
    let title = ["#", "offset", "type", "name", "da", "pa", "size", ""]
    return [title]
      + table.rows.map { row in
        [
          row.index.map(String.init) ?? "", row.offset.map { Hex.address(UInt64($0)) } ?? "",
          row.kind, row.name, text(of: row.da), row.pa.map { Hex.address($0) } ?? "",
          row.byteCount.map(Decimals.size) ?? "",
          row.details.map { "\($0.key) \(text(of: $0.value))" }.joined(separator: ", "),
        ]
      }
  }

  private static func text(of value: JSONValue) -> String {
    if case .string(let text) = value { return text }
    return value.text
  }

  private static func text(of address: TableInspection.Address) -> String {
    switch address {
    case .none: ""
    case .any: "any"
    case .fixed(let value): Hex.address(value)
    }
  }

  static func name(of type: ELFSegmentType) -> String {
    switch type {
    case .null: "null"
    case .load: "load"
    case .dynamic: "dynamic"
    case .note: "note"
    default: Hex.address(UInt64(type.rawValue))
    }
  }

  static func text(of flags: ELFSegmentFlags) -> String {
    (flags.contains(.read) ? "r" : "-") + (flags.contains(.write) ? "w" : "-")
      + (flags.contains(.execute) ? "x" : "-")
  }
}

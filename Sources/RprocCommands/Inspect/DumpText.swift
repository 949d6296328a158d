import Coredump
import ELF
import WireTypes

/// A core dump as tables for people.
struct DumpText {
  private let dump: DumpInspection
  private let palette: Palette

  init(_ dump: DumpInspection, palette: Palette) {
    self.dump = dump
    self.palette = palette
  }

  /// All lines.
  var lines: [String] {
    var lines = [header]
    if !dump.reader.facts.facts.isEmpty { lines += [""] + titled("FACTS", facts) }
    for registers in dump.reader.registers {
      lines += [""] + titled("REGISTERS", Self.rows(of: registers))
    }
    for trace in dump.reader.traces {
      let name = SafeText.escaped(trace.name.description, limit: 48)
      lines += ["", palette.paint("TRACE", .accent) + "   \(name)"] + Self.lines(of: trace)
    }
    lines += [""] + titled("MEMORY", memory)
    if let table = dump.table {
      lines += [""] + titled("RESOURCE TABLE", InspectionText.rows(of: table))
    }
    return lines
  }

  private var header: String {
    let reader = dump.reader
    let name = String(dump.path.split(separator: "/").last ?? "")
    return [
      palette.paint(SafeText.escaped(name, limit: 80), .accent),
      "core dump, \(reader.elfClass == .elf32 ? "ELF32" : "ELF64") \(reader.machine)",
      "entry \(reader.entry)",
    ].joined(separator: "   ")
  }

  private func titled(_ title: String, _ rows: [[String]]) -> [String] {
    [palette.paint(title, .accent)] + Columns.table(rows, indent: 2)
  }

  private var facts: [[String]] {
    dump.reader.facts.facts.prefix(ImageInspection.maxRowCount).map { fact in
      [SafeText.escaped(fact.key, limit: 32), SafeText.escaped(fact.value, limit: 200)]
    }
  }

  private static func rows(of registers: ProcessorRegisters) -> [[String]] {
    let cells = registers.general.map { register in
      "\(Columns.left(register.name, 4)) \(Hex.address(register.value, width: 8))"
    }
    return stride(from: 0, to: cells.count, by: 4).map { Array(cells[$0...].prefix(4)) }
  }

  private static func lines(of trace: CoredumpTrace) -> [String] {
    let lines = trace.text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let shown = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
    return shown.suffix(DumpInspection.maxLineCount).map { "  " + SafeText.escaped(bytes: $0) }
  }

  private var memory: [[String]] {
    let regions = dump.regions
    let shown = regions.prefix(ImageInspection.maxRowCount)
    let rows = shown.enumerated().map { index, region in
      [
        "\(index)", SafeText.escaped(region.segment.name.description, limit: 48),
        "\(region.segment.da)", Decimals.size(region.segment.byteCount),
        region.isUnreadable ? "not readable" : "",
      ]
    }
    let rest = regions.count - shown.count
    return [["#", "name", "da", "size", ""]] + rows + (rest > 0 ? [["and \(rest) more"]] : [])
  }
}

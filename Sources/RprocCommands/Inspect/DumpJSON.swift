import Coredump
import ELF
import WireTypes

/// A core dump as one JSON object.
enum DumpJSON {
  private typealias Field = JSONValue.Field

  /// The object.
  static func object(_ dump: DumpInspection) -> JSONValue {
    let reader = dump.reader
    return .object([
      Field("name", .string(String(dump.path.split(separator: "/").last ?? ""))),
      Field("type", .string("core")),
      Field("format", .string(reader.elfClass == .elf32 ? "ELF32" : "ELF64")),
      Field("machine", .string("\(reader.machine)")),
      Field("entry", .address(reader.entry.rawValue)),
      Field("facts", .array(reader.facts.facts.prefix(ImageInspection.maxRowCount).map(fact))),
      Field("registers", .array(reader.registers.map(registers))),
      Field("traces", .array(reader.traces.map(trace))),
      Field("memory", .array(dump.regions.prefix(ImageInspection.maxRowCount).map(region))),
      Field("table", dump.table.map(InspectionJSON.table) ?? .null),
    ])
  }

  private static func fact(_ fact: CoredumpFacts.Fact) -> JSONValue {
    .object([Field("key", .string(fact.key)), Field("value", .string(fact.value))])
  }

  private static func registers(_ registers: ProcessorRegisters) -> JSONValue {
    .object(registers.general.map { Field($0.name, .address($0.value)) })
  }

  private static func trace(_ trace: CoredumpTrace) -> JSONValue {
    .object([
      Field("name", .string(trace.name.description)),
      Field("da", trace.da.map { .address($0.rawValue) } ?? .null),
      Field("text", .string(String(decoding: trace.text, as: UTF8.self))),
    ])
  }

  private static func region(_ region: CoredumpMemoryMap.Region) -> JSONValue {
    .object([
      Field("name", .string(region.segment.name.description)),
      Field("da", .address(region.segment.da.rawValue)),
      Field("len", .unsigned(region.segment.byteCount)),
      Field("readable", .bool(!region.isUnreadable)),
    ])
  }
}

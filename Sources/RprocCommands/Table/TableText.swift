import ResourceTable
import WireTypes

/// A table as YAML that ``TableYAML`` reads back to the same bytes.
struct TableText {
  /// What is in the table.
  let table: ResourceTableDescription

  /// The text.
  var yaml: String {
    var lines = ["version: \(table.version == .v0 ? 0 : 1)"]
    if let byteCount = table.byteCount { lines.append("size: \(byteCount)") }
    let entries: [String] =
      switch table.content {
      case .records(let records): records.map { "  - { \(Self.text(of: $0)) }" }
      case .items(let items): items.flatMap(Self.lines)
      }
    lines += entries.isEmpty ? ["entries: []"] : ["entries:"] + entries
    if !table.patches.isEmpty {
      lines.append("bytes:  # that no entry accounts for")
      lines += table.patches.map { patch in
        "  - { offset: \(Self.hex(patch.offset)), hex: \"\(Hex.digits(patch.bytes))\" }"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of item: ResourceTableDescription.Item) -> [String] {
    let offset = item.offset.map { "offset: \(hex($0))" }
    func flow(_ fields: [String?]) -> [String] {
      ["  - { \((fields + [offset]).compactMap(\.self).joined(separator: ", ")) }"]
    }
    switch item.entry {
    case .carveout(let memory): return flow(["type: carveout"] + fields(of: memory))
    case .devmem(let memory): return flow(["type: devmem"] + fields(of: memory))
    case .trace(let trace):
      return flow([
        "type: trace", name(trace.name.description), "da: \(address(trace.da))",
        "size: \(size(trace.byteCount))",
      ])
    case .raw(let type, let body):
      return flow(["type: \(type)", body.isEmpty ? nil : "body: \"\(Hex.digits(body))\""])
    case .vdev(let vdev, let vrings, let config):
      let fields = [
        "type: vdev", offset, "id: \(vdev.deviceID)",
        vdev.notifyID.rawValue == 0 ? nil : "notifyid: \(id(vdev.notifyID))",
        "dfeatures: \(hex(vdev.deviceFeatures))",
        vdev.driverFeatures == 0 ? nil : "gfeatures: \(hex(vdev.driverFeatures))",
        vdev.status == 0 ? nil : "status: \(hex(vdev.status))",
        config.isEmpty ? nil : "config: \"\(Hex.digits(config))\"",
        vrings.isEmpty ? "vrings: []" : "vrings:",
      ].compactMap(\.self)
      return fields.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
        + vrings.map { "      - { \(text(of: $0)) }" }
    }
  }

  private static func fields(of memory: MemoryResource) -> [String?] {
    [
      name(memory.name.description), "da: \(address(memory.da))",
      memory.pa.rawValue == 0 ? nil : "pa: \(memory.pa)", "size: \(size(memory.byteCount))",
      memory.flags == 0 ? nil : "flags: \(hex(memory.flags))",
    ]
  }

  private static func text(of vring: VringResource) -> String {
    [
      "da: \(address(vring.da))", "align: \(vring.alignment)", "num: \(vring.count)",
      "notifyid: \(id(vring.notifyID))", vring.pa.rawValue == 0 ? nil : "pa: \(vring.pa)",
    ].compactMap(\.self).joined(separator: ", ")
  }

  private static func text(of record: ResourceRecord) -> String {
    let word = TableRecordFields.names.first { $0.type == record.type }?.name
    let isDevice = word == "vdev"
    let count =
      switch word {
      case "vdev": record.count == 0 ? nil : "status: \(hex(record.count))"
      case "vring": "num: \(record.count)"
      default: "size: \(size(record.count))"
      }
    let fields = [
      "type: \(word ?? String(record.type))", record.id == 0 ? nil : "index: \(record.id)",
      name(record.name.description),
      isDevice ? "id: \(record.flags)" : nil,
      record.da == 0 ? nil : "\(isDevice ? "dfeatures" : "da"): \(hex(record.da))",
      record.pa == 0 ? nil : "\(isDevice ? "gfeatures" : "pa"): \(hex(record.pa))", count,
      isDevice || record.flags == 0 ? nil : "flags: \(hex(record.flags))",
    ]
    return fields.compactMap(\.self).joined(separator: ", ")
  }

  /// A name, which is printable ASCII with backslashes escaped already; nothing when it is empty.
  private static func name(_ text: String) -> String? {
    text.isEmpty ? nil : "name: \"\(text.replacing("\"", with: "\\\""))\""
  }

  private static func address(_ da: DeviceAddress?) -> String { da.map(\.description) ?? "any" }

  private static func id(_ id: NotifyID) -> String {
    id.rawValue == .max ? "any" : String(id.rawValue)
  }

  private static func hex(_ value: some BinaryInteger) -> String {
    "0x" + String(value, radix: 16)
  }

  private static func size(_ byteCount: UInt32) -> String {
    for (unit, factor) in [("MiB", UInt32(1 << 20)), ("KiB", 1 << 10)]
    where byteCount > 0 && byteCount % factor == 0 {
      return "\(byteCount / factor)\(unit)"
    }
    return String(byteCount)
  }
}

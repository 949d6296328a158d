import ResourceTable
import WireTypes

/// Entries of a resource table as rows.
enum TableRows {
  typealias Row = TableInspection.Row

  /// The row of `entry`, and one for each vring that belongs to it.
  static func rows(
    of entry: ResourceTableEntry, in reader: ResourceTableReader
  ) throws(ResourceTableError) -> [Row] {
    switch entry.resource {
    case .carveout(let memory): return [row(entry, "carveout", memory)]
    case .devmem(let memory): return [row(entry, "devmem", memory)]
    case .trace(let trace):
      var row = Row(index: entry.index, offset: entry.offset, kind: "trace")
      row.name = trace.name.description
      row.da = address(trace.da)
      row.byteCount = UInt64(trace.byteCount)
      return [row]
    case .vdev(let vdev): return try rows(entry, vdev, in: reader)
    case .vringRecord(let record): return [row(entry, "vring", record)]
    case .vdevRecord(let record): return [row(entry, "vdev", record)]
    case .configRecord(let record): return [row(entry, "config", record)]
    case .vendor(let vendor):
      var row = Row(index: entry.index, offset: entry.offset, kind: "vendor")
      row.details = [field("type", UInt64(vendor.type))]
      if let claimed = vendor.claimedByteCount { row.details.append(field("len", UInt64(claimed))) }
      return [row]
    case .unknown(let type):
      var row = Row(index: entry.index, offset: entry.offset, kind: "unknown")
      row.details = [field("type", UInt64(type))]
      return [row]
    }
  }

  private static func row(
    _ entry: ResourceTableEntry, _ kind: String, _ memory: MemoryResource
  ) -> Row {
    var row = Row(index: entry.index, offset: entry.offset, kind: kind)
    row.name = memory.name.description
    row.da = address(memory.da)
    row.pa = memory.pa.rawValue
    row.byteCount = UInt64(memory.byteCount)
    row.details = [JSONValue.Field("flags", .address(UInt64(memory.flags)))]
    return row
  }

  private static func rows(
    _ entry: ResourceTableEntry, _ vdev: VdevResource, in reader: ResourceTableReader
  ) throws(ResourceTableError) -> [Row] {
    var row = Row(index: entry.index, offset: entry.offset, kind: "vdev")
    row.name = DeviceNames.name(ofVirtioDevice: vdev.deviceID)
    row.details = [
      field("id", UInt64(vdev.deviceID)), field("notifyid", UInt64(vdev.notifyID.rawValue)),
      JSONValue.Field("dfeatures", .address(UInt64(vdev.deviceFeatures))),
      JSONValue.Field("gfeatures", .address(UInt64(vdev.driverFeatures))),
      field("config", UInt64(vdev.configByteCount)), field("status", UInt64(vdev.status)),
    ]
    var rows = [row]
    for index in 0..<Int(vdev.vringCount) {
      let vring = try reader.vring(at: index, of: entry)
      var row = Row(kind: "vring \(index)")
      row.da = address(vring.da)
      row.details = [
        field("num", UInt64(vring.count)), field("align", UInt64(vring.alignment)),
        field("notifyid", UInt64(vring.notifyID.rawValue)),
      ]
      rows.append(row)
    }
    return rows
  }

  private static func row(
    _ entry: ResourceTableEntry, _ kind: String, _ record: ResourceRecord
  ) -> Row {
    var row = Row(index: entry.index, offset: entry.offset, kind: kind)
    row.name = record.name.description
    switch kind {
    case "vring":
      if record.da != 0 { row.da = .fixed(record.da) }
      row.details = [field("id", UInt64(record.id)), field("num", UInt64(record.count))]
    case "vdev":
      row.details = [
        field("id", UInt64(record.flags)), JSONValue.Field("dfeatures", .address(record.da)),
        JSONValue.Field("gfeatures", .address(record.pa)), field("status", UInt64(record.count)),
      ]
    default:
      row.da = .fixed(record.da)
      row.byteCount = UInt64(record.count)
      row.details = [field("id", UInt64(record.id))]
    }
    return row
  }

  private static func address(_ da: DeviceAddress?) -> TableInspection.Address {
    da.map { .fixed($0.rawValue) } ?? .any
  }

  private static func field(_ key: String, _ value: UInt64) -> JSONValue.Field {
    JSONValue.Field(key, .unsigned(value))
  }
}

/// Names of numbers that people know by name.
enum DeviceNames {
  /// The kind of a virtio device, or its number.
  static func name(ofVirtioDevice id: UInt32) -> String {
    switch id {
    case 1: "net"
    case 2: "block"
    case 3: "console"
    case 7: "rpmsg"
    case 11: "rproc-serial"
    default: "id \(id)"
    }
  }
}

import ResourceTable
import WireTypes

/// A resource table on its way from the image to the remote.
struct TableSource {
  let reader: ResourceTableReader
  let da: DeviceAddress

  /// Reads the start of `table`.
  init(_ table: FirmwareTable, version: ResourceTableVersion?) throws(RemoteprocError) {
    da = table.da
    reader = try Self.wrap { () throws(ResourceTableError) in
      try ResourceTableReader(parsing: table.bytes, version: version)
    }
  }

  /// Checks what an honest table keeps to.
  func checkLayout(_ faults: inout FaultLog) throws(RemoteprocError) {
    for fault in reader.layoutFaults() { try faults.report(.table(fault)) }
  }

  /// Where the table is to be published, if that is a range at all.
  var range: AddressRange<DeviceAddress>? {
    AddressRange(start: da, byteCount: UInt64(reader.bytes.count))
  }

  func entry(at index: Int) throws(RemoteprocError) -> ResourceTableEntry {
    try Self.wrap { () throws(ResourceTableError) in try reader.entry(at: index) }
  }

  func vring(
    at index: Int, of entry: ResourceTableEntry
  ) throws(RemoteprocError) -> VringResource {
    try Self.wrap { () throws(ResourceTableError) in try reader.vring(at: index, of: entry) }
  }

  func payload(of entry: ResourceTableEntry) throws(RemoteprocError) -> [UInt8] {
    try Self.wrap { () throws(ResourceTableError) in Array(try reader.payload(of: entry)) }
  }

  /// The bytes with `patches` written into them.
  func patched(
    _ patches: [(field: ResourceTableField, value: UInt64)]
  ) throws(RemoteprocError) -> [UInt8] {
    var bytes = reader.bytes
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    try Self.wrap { () throws(ResourceTableError) in
      for patch in patches { try patch.field.write(patch.value, into: &raw) }
    }
    return bytes
  }

  private static func wrap<Result>(
    _ body: () throws(ResourceTableError) -> Result
  ) throws(RemoteprocError) -> Result {
    do throws(ResourceTableError) { return try body() } catch { throw .table(error) }
  }
}

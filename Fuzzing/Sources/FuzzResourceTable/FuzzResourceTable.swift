import ResourceTable
import WireTypes

/// Reads all that can be read of a table and writes back what a host writes; only a trap, a hang or
/// a stray access is a finding.
///
/// The first byte says which version is asked for: 0, 1, else what the bytes tell.
@c(LLVMFuzzerTestOneInput)
public func fuzzResourceTable(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: data, count: count)
  guard let selector = input.first else { return 0 }
  let version: ResourceTableVersion? =
    switch selector {
    case 0: .v0
    case 1: .v1
    default: nil
    }
  attempt { () throws(ResourceTableError) in
    let reader = try ResourceTableReader(parsing: Array(input.dropFirst()), version: version)
    precondition(reader.entryCount <= reader.bytes.count)
    attempt { () throws(ResourceTableError) in try reader.checkLayout() }
    var table = reader.bytes
    for index in 0..<min(reader.entryCount, 4096) {
      attempt { () throws(ResourceTableError) in
        let entry = try reader.entry(at: index)
        attempt { () throws(ResourceTableError) in
          try entry.checkExtent(version: reader.version)
        }
        attempt { () throws(ResourceTableError) in try entry.checkVringCount(2...2) }
        _ = try reader.payload(of: entry)
        try writeBack(entry, of: reader, into: &table)
      }
    }
    precondition(table.count == reader.bytes.count)
  }
  return 0
}

private func attempt(_ body: () throws(ResourceTableError) -> Void) {
  // Making the text of each error would take most of the time; unit tests look at the texts.
  do throws(ResourceTableError) { try body() } catch {}
}

private func writeBack(
  _ entry: ResourceTableEntry, of reader: ResourceTableReader, into table: inout [UInt8]
) throws(ResourceTableError) {
  switch entry.resource {
  case .carveout, .devmem:
    let fields = MemoryFields(of: entry, version: reader.version)
    try write(0x6000_0000, fields.da, &table)
    try write(0x0800_0000, fields.pa, &table)
    try write(0x1000, fields.byteCount, &table)
  case .vdev(let vdev):
    let fields = VdevFields(of: entry, vdev: vdev)
    try write(0x3000_0001, fields.driverFeatures, &table)
    try write(7, fields.status, &table)
    for index in 0..<Int(vdev.vringCount) {
      _ = try reader.vring(at: index, of: entry)
      try write(0x6000_0000, fields.vring(at: index).da, &table)
      try write(UInt64(index), fields.vring(at: index).notifyID, &table)
    }
  default: break
  }
}

/// Writes a field that is known to lie in the table, and reads it back.
private func write(
  _ value: UInt64, _ field: ResourceTableField, _ table: inout [UInt8]
) throws(ResourceTableError) {
  var span = table.mutableSpan
  var raw = span.mutableBytes
  try field.write(value, into: &raw)
  let read = try field.value(in: table.span.bytes)
  precondition(read == value)
}

import ResourceTable
import WireTypes

/// The text of `resource_table`.
///
/// The table is read anew, as the remote may have changed it. An entry that cannot be read is told
/// with the reason in place of its fields. Version 0, which Linux never showed, has the same labels.
struct TableText {
  /// Entries that are shown at most.
  static let maximumEntryCount = 4096

  private var text = ViewText()
  var bytes: [UInt8] { text.bytes }

  /// What is said of `table` as it is now.
  static func bytes(of table: PublishedTable?) -> [UInt8] {
    guard let table else { return Array("No resource table found\n".utf8) }
    return TableText(table.snapshot()).bytes
  }

  /// Describes the table in `bytes`, which may hold anything.
  init(_ bytes: [UInt8]) {
    do throws(ResourceTableError) {
      let reader = try ResourceTableReader(parsing: bytes)
      for index in 0..<min(reader.entryCount, Self.maximumEntryCount) where !text.isFull {
        add(index, of: reader)
      }
      if reader.entryCount > Self.maximumEntryCount { text.line("...") }
    } catch {
      text.line("Resource table cannot be read: \(error)")
    }
  }

  private mutating func add(_ index: Int, of reader: ResourceTableReader) {
    do throws(ResourceTableError) {
      let entry = try reader.entry(at: index)
      switch entry.resource {
      case .carveout(let memory): add(index, "carveout", memory)
      case .devmem(let memory): add(index, "devmem", memory)
      case .trace(let trace): add(index, trace)
      case .vdev(let vdev): try add(index, vdev, entry, of: reader)
      case .vendor(let vendor): addUnknown(vendor.type)
      case .unknown(let type): addUnknown(type)
      case .vringRecord(let record): add(index, "vring", record)
      case .vdevRecord(let record): add(index, "vdev", record)
      case .configRecord(let record): add(index, "config", record)
      }
    } catch {
      text.line("Entry \(index) cannot be read: \(error)")
      text.line()
    }
  }

  private mutating func add(_ index: Int, _ type: String, _ memory: MemoryResource) {
    text.line("Entry \(index) is of type \(type)")
    text.line("  Device Address 0x\(Self.hex(memory.da))")
    text.line("  Physical Address 0x\(ViewText.hex(memory.pa.rawValue))")
    text.line("  Length 0x\(ViewText.hex(memory.byteCount)) Bytes")
    text.line("  Flags 0x\(ViewText.hex(memory.flags))")
    addEnd(memory.name.bytes)
  }

  private mutating func add(_ index: Int, _ trace: TraceResource) {
    text.line("Entry \(index) is of type trace")
    text.line("  Device Address 0x\(Self.hex(trace.da))")
    text.line("  Length 0x\(ViewText.hex(trace.byteCount)) Bytes")
    addEnd(trace.name.bytes)
  }

  // What is not zero here was refused before.
  private mutating func addEnd(_ name: [UInt8]) {
    text.line("  Reserved (should be zero) [0]")
    text.line("  Name ", name)
    text.line()
  }

  private mutating func add(
    _ index: Int, _ vdev: VdevResource, _ entry: ResourceTableEntry, of reader: ResourceTableReader
  ) throws(ResourceTableError) {
    text.line("Entry \(index) is of type vdev")
    text.line("  ID \(ViewText.signed(vdev.deviceID))")
    text.line("  Notify ID \(ViewText.signed(vdev.notifyID.rawValue))")
    text.line("  Device features 0x\(ViewText.hex(vdev.deviceFeatures))")
    text.line("  Guest features 0x\(ViewText.hex(vdev.driverFeatures))")
    text.line("  Config length 0x\(ViewText.hex(vdev.configByteCount))")
    text.line("  Status 0x\(ViewText.hex(vdev.status))")
    text.line("  Number of vrings \(vdev.vringCount)")
    text.line("  Reserved (should be zero) [0][0]")
    text.line()
    for number in 0..<Int(vdev.vringCount) {
      let ring = try reader.vring(at: number, of: entry)
      text.line("  Vring \(number)")
      text.line("    Device Address 0x\(Self.hex(ring.da))")
      text.line("    Alignment \(ViewText.signed(ring.alignment))")
      text.line("    Number of buffers \(ViewText.signed(ring.count))")
      text.line("    Notify ID \(ViewText.signed(ring.notifyID.rawValue))")
      text.line("    Physical Address 0x\(ViewText.hex(ring.pa.rawValue))")
      text.line()
    }
  }

  private mutating func addUnknown(_ type: UInt32) {
    text.line(
      "Unknown resource type found: \(ViewText.signed(type)) [hdr: \(ViewText.noPointer)]")
  }

  private mutating func add(_ index: Int, _ type: String, _ record: ResourceRecord) {
    text.line("Entry \(index) is of type \(type)")
    text.line("  ID \(ViewText.signed(record.id))")
    switch type {
    case "vring":
      text.line("  Device Address 0x\(ViewText.hex(record.da))")
      text.line("  Number of buffers \(ViewText.signed(record.count))")
    case "vdev":
      text.line("  Device ID \(ViewText.signed(record.flags))")
      text.line("  Device features 0x\(ViewText.hex(record.da))")
      text.line("  Guest features 0x\(ViewText.hex(record.pa))")
      text.line("  Status 0x\(ViewText.hex(record.count))")
    default: break
    }
    addEnd(record.name.bytes)
  }

  private static func hex(_ da: DeviceAddress?) -> String {
    ViewText.hex(da?.rawValue ?? UInt64(UInt32.max))
  }
}

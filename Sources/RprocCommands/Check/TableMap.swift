import ResourceTable
import WireTypes

/// The entries of a resource table that can be read, to find the bytes that an error is about.
struct TableMap {
  /// The table as a boot reads it.
  let reader: ResourceTableReader
  /// All entries that can be read.
  let entries: [ResourceTableEntry]

  /// Reads as much of `bytes` as can be read; `nil` if that is not even the header.
  init?(_ bytes: [UInt8], version: ResourceTableVersion?) {
    do throws(ResourceTableError) {
      reader = try ResourceTableReader(parsing: bytes, version: version)
    } catch { return nil }
    var entries: [ResourceTableEntry] = []
    for index in 0..<min(reader.entryCount, 4096) {
      // What cannot be read is a finding of its own.
      do throws(ResourceTableError) { entries.append(try reader.entry(at: index)) } catch {}
    }
    self.entries = entries
  }

  /// The format.
  var version: ResourceTableVersion { reader.version }

  /// Virtio devices with the numbers that a boot gives them.
  ///
  /// In version 0 only the first record counts.
  var devices: [ResourceTableEntry] {
    let all = entries.filter { entry in
      switch entry.resource {
      case .vdev, .vdevRecord: true
      default: false
      }
    }
    return version == .v0 ? Array(all.prefix(1)) : all
  }

  /// The bytes of `field` of `entry`.
  func range(
    of field: ResourceTableEntry.Field, in entry: ResourceTableEntry?
  ) -> Range<Int>? {
    entry?.range(of: field, version: version)
  }

  /// The bytes of `field` of the entry that begins at `offset`, else of its type.
  func range(of field: ResourceTableEntry.Field, at offset: Int) -> Range<Int> {
    range(of: field, in: entries.first { $0.offset == offset }) ?? offset..<offset + 4
  }

  /// The bytes of a field of ring `vring` of device `device`; of a ring record in version 0.
  func range(
    of field: ResourceTableEntry.VringField, device: Int, vring: Int
  ) -> Range<Int>? {
    guard devices.indices.contains(device) else { return nil }
    guard version == .v0 else { return devices[device].range(of: field, ofVring: vring) }
    let record = entries.first { entry in
      if case .vringRecord(let record) = entry.resource {
        record.id == UInt32(vring)
      } else {
        false
      }
    }
    return range(of: field == .count ? .byteCount : .da, in: record)
  }

  /// The bytes of `field` of the memory of this name: of a carveout or devmem entry, the last that
  /// has it, or of the ring that is called so.
  func range(of field: MemoryField, named name: WireName) -> Range<Int>? {
    let entry = entries.last { entry in
      switch entry.resource {
      case .carveout(let memory), .devmem(let memory): memory.name.terminated == name
      default: false
      }
    }
    if let entry { return range(of: field == .da ? .da : .byteCount, in: entry) }
    guard let (device, vring) = ring(named: name) else { return nil }
    return range(of: field == .da ? .da : .count, device: device, vring: vring)
  }

  /// A number that memory is asked for with.
  enum MemoryField {
    case da, size
  }

  /// Which ring has memory of this name, if any.
  func ring(named name: WireName) -> (device: Int, vring: Int)? {
    for device in devices.indices {
      for vring in 0..<2 where name == WireName("vdev\(device)vring\(vring)" as String) {
        return (device, vring)
      }
    }
    return nil
  }

  /// Whether message buffers of a device lie in memory of this name.
  func isBuffer(_ name: WireName) -> Bool {
    devices.indices.contains { name == WireName("vdev\($0)buffer" as String) }
  }

  /// The first trace entry of this name.
  func trace(named name: WireName) -> ResourceTableEntry? {
    entries.first { entry in
      if case .trace(let trace) = entry.resource { trace.name.terminated == name } else { false }
    }
  }

  /// The trace entry with these fields.
  func trace(
    _ name: WireName, da: DeviceAddress?, byteCount: UInt64? = nil
  ) -> ResourceTableEntry? {
    entries.first { entry in
      guard case .trace(let trace) = entry.resource else { return false }
      return trace.name == name && trace.da == da
        && (byteCount.map { $0 == UInt64(trace.byteCount) } ?? true)
    }
  }
}

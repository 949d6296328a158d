import ELF
import Remoteproc
import ResourceTable
import WireTypes

/// Rules that no boot applies: what they find works, or seems to, and surprises its author later.
struct ImageLints {
  /// What a rule found: where, and what is odd about it.
  typealias Result = (diagnosis: Diagnosis, message: String)

  /// The image, if it is an ELF file.
  let elf: ELFFile?
  /// The table, if its start can be read.
  let table: TableMap?
  /// Where the remote looks for the table; `nil` when that is not known.
  let tableAddress: DeviceAddress?

  /// All that is found, in the order of the file and then of the table.
  var results: [Result] {
    var results = loadAddresses + tableAlignment
    guard let table else { return results }
    for entry in table.entries {
      results += alignment(entry, table) + names(entry, table)
      switch entry.resource {
      case .carveout(let memory): results += carveout(memory, entry, table)
      case .trace(let trace): results += self.trace(trace, entry, table)
      default: break
      }
    }
    return results + DeviceLints(table: table).results
  }

  private var loadAddresses: [Result] {
    // Of an image that may lie anywhere only the linked addresses count.
    guard let elf, !elf.isPositionIndependent else { return [] }
    let reader = FaultReader(table: nil, elf: elf)
    return elf.segments.filter { $0.isLoadable && $0.physicalAddress != $0.virtualAddress }
      .map { segment in
        let diagnosis = Diagnosis(
          .loadAddressDiffers, reader.loadAddress(segment.headerOffset),
          "link the segment to where it is loaded, or be sure that start-up code copies it")
        return (
          diagnosis,
          "segment (header at \(Hex.address(UInt64(segment.headerOffset)))) is loaded to "
            + "\(segment.physicalAddress) and linked to \(segment.virtualAddress)"
        )
      }
  }

  private var tableAlignment: [Result] {
    guard let elf, let table, let tableAddress else { return [] }
    let alignment: UInt64 = table.version == .v0 ? 8 : 4
    guard tableAddress.rawValue % alignment != 0 else { return [] }
    return [
      (
        Diagnosis(
          .tableAlignment, FaultReader(table: nil, elf: elf).tableAddress,
          "align .resource_table to \(alignment) (ALIGN in the linker script, or an attribute)"),
        "resource table at da \(tableAddress) is no multiple of \(alignment): small cores fault "
          + "when they read its fields"
      )
    ]
  }

  private func alignment(_ entry: ResourceTableEntry, _ table: TableMap) -> [Result] {
    guard table.version == .v1, entry.offset % 4 != 0 else { return [] }
    return [
      (
        Diagnosis(
          .entryAlignment, table: 16 + 4 * entry.index..<20 + 4 * entry.index,
          "begin each entry at a multiple of 4"),
        "entry \(entry.index) begins at offset \(Hex.address(UInt64(entry.offset))), no multiple "
          + "of 4: small cores fault when they read its fields"
      )
    ]
  }

  private func names(_ entry: ResourceTableEntry, _ table: TableMap) -> [Result] {
    guard let range = table.range(of: .name, in: entry) else { return [] }
    let field = table.reader.bytes[range]
    let name = Array(field.prefix { $0 != 0 })
    let text = SafeText.escaped(bytes: name, limit: 48)
    if name.count == field.count {
      return [
        (
          Diagnosis(
            .nameNotTerminated, table: range, "shorten the name to \(field.count - 1) bytes"),
          "entry \(entry.index): no NUL ends the name \"\(text)\" in its \(field.count) bytes"
        )
      ]
    }
    guard name.contains(where: { !(0x20..<0x7f).contains($0) || $0 == UInt8(ascii: "%") }) else {
      return []
    }
    return [
      (
        Diagnosis(.nameNotPrintable, table: range, "use letters, digits, and _ . -"),
        "entry \(entry.index): the name \"\(text)\" has bytes that are no plain text (Linux takes "
          + "% for a format)"
      )
    ]
  }

  private func carveout(
    _ memory: MemoryResource, _ entry: ResourceTableEntry, _ table: TableMap
  ) -> [Result] {
    var results: [Result] = []
    let pa = memory.pa.rawValue
    if pa != 0, pa != UInt64(UInt32.max), pa != memory.da?.rawValue {
      results.append(
        (
          Diagnosis(
            .presetPhysicalAddress, table: table.range(of: .pa, in: entry), "set pa to 0"),
          "carveout \"\(memory.name)\" presets pa \(memory.pa), which the host overwrites"
        ))
    }
    if let purpose = Self.missingDevice(memory.name, table) {
      results.append(
        (
          Diagnosis(
            .unusedCarveout, table: table.range(of: .name, in: entry),
            "remove the carveout, or correct the numbers in its name"),
          "carveout \"\(memory.name)\" is for \(purpose), which the table does not have"
        ))
    }
    return results
  }

  /// What the name of a carveout speaks of, if the table has no such thing.
  private static func missingDevice(_ name: WireName, _ table: TableMap) -> String? {
    let text = name.description
    guard text.hasPrefix("vdev") else { return nil }
    let digits = text.dropFirst(4).prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(4 + digits.count)
    guard let device = Int(digits) else { return nil }
    let isThere = table.devices.indices.contains(device)
    if rest == "buffer" { return isThere ? nil : "buffers of virtio device \(device)" }
    guard rest.hasPrefix("vring"), let vring = Int(rest.dropFirst(5)) else { return nil }
    if isThere, vring < DeviceLints(table: table).rings(of: device).count { return nil }
    return "vring \(vring) of virtio device \(device)"
  }

  private func trace(
    _ trace: TraceResource, _ entry: ResourceTableEntry, _ table: TableMap
  ) -> [Result] {
    guard let da = trace.da, trace.byteCount > 0, let elf else { return [] }
    for segment in elf.segments where segment.isLoadable {
      let bytes: ArraySlice<UInt8>
      do throws(ELFError) { bytes = try elf.bytes(of: segment) } catch { continue }
      guard let offset = da.offset(from: segment.physicalAddress), offset < UInt64(bytes.count),
        UInt64(trace.byteCount) <= UInt64(bytes.count) - offset
      else { continue }
      let log = bytes.dropFirst(Int(offset)).prefix(Int(trace.byteCount))
      guard !log.contains(0) else { return [] }
      return [
        (
          Diagnosis(
            .traceWithoutEnd, table: table.range(of: .da, in: entry),
            "put the buffer into .bss, or begin it with a NUL"),
          "trace \"\(trace.name)\": the image fills all \(trace.byteCount) bytes of the buffer "
            + "with something else than a log, and no NUL ends it"
        )
      ]
    }
    return []
  }
}

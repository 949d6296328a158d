import ELF
import Remoteproc
import ResourceTable
import WireTypes

/// Tells of an error which rule it is, which bytes it is about, and what to change.
struct FaultReader {
  /// The table; `nil` when there is none or its start cannot be read.
  let table: TableMap?
  /// The class of an ELF image; `nil` for other formats.
  let elfClass: ELFClass?
  /// Where the header of the table's section lies in an ELF image, if it has one.
  let tableHeader: Int?

  /// Reads errors about an image that has `table`; `elf` is the same as an ELF file, if it is one.
  init(table: TableMap?, elf: ELFFile?) {
    self.table = table
    elfClass = elf?.elfClass
    // What hinders a look at the sections is a finding of its own.
    do throws(ELFError) {
      let section = try elf?.section(
        named: ELFFirmware.tableSectionName, strictness: .memorySafe)
      tableHeader = section?.headerOffset
    } catch { tableHeader = nil }
  }

  /// Reads errors about an image of which only the class is known.
  init(elfClass: ELFClass?) {
    table = nil
    self.elfClass = elfClass
    tableHeader = nil
  }

  /// What `fault` says.
  func diagnosis(of fault: BootFault) -> Diagnosis {
    diagnosis(of: fault.error, memory: fault.memory)
  }

  /// What `notice` says.
  func diagnosis(of notice: BootNotice) -> Diagnosis {
    switch notice {
    case .unknownEntry(_, let offset):
      return Diagnosis(
        .unknownEntry, table: offset..<offset + 4, "remove the entry, or correct its type")
    case .vendorEntryIgnored(let type, let offset):
      return Diagnosis(
        .vendorEntryIgnored, table: offset..<offset + 4,
        "boot on a platform that knows entries of type \(type)")
    case .addressNotMet(let name, let requested, let given):
      return diagnosis(of: .addressNotMet(name, requested: requested, given: given), memory: name)
    case .traceNotAvailable(let name, let da):
      let entry = table?.trace(name, da: da)
      return Diagnosis(
        .traceVisible, table: table?.range(of: .da, in: entry), Self.traceAdvice)
    case .deviceDropped(_, let error), .deviceUseless(_, let error):
      return diagnosis(of: error, memory: nil)
    case .deviceWasActive(let index, _):
      let entry = table.flatMap { $0.devices.indices.contains(index) ? $0.devices[index] : nil }
      return Diagnosis(
        .presetStatus, table: table?.range(of: .status, in: entry), "set status to 0")
    case .hugePagesNotAvailable:
      return Diagnosis(
        .platformFailed, nil, "nothing in the firmware: the host has too few huge pages")
    }
  }

  static let traceAdvice = "put the buffer into a carveout of the table, with its size"

  private func diagnosis(of error: RemoteprocError, memory: WireName?) -> Diagnosis {
    switch error {
    case .image(let error): diagnosis(of: error)
    case .hexFile(let error): Self.diagnosis(of: error)
    case .emptyImage, .imageBeyondAddressSpace, .entryOutOfImage, .notRelocatable,
      .imageOptionMissing, .imageOptionUnused:
      Self.bare(error)
    case .table(let error): diagnosis(of: error)
    case .platform(let error): diagnosis(of: error, memory: memory)
    case .noResourceTable, .tableOutOfImage, .tableNotVisible, .segmentNotInMemory, .overlap:
      placement(error)
    case .duplicateCarveout, .carveoutTooSmall, .carveoutMismatch, .addressNotMet,
      .addressNotExpressible, .carveoutBudget, .devmemWithoutIOMMU, .devmemNotAllowed, .badTrace,
      .noIOMMU, .iommu, .notMappable:
      self.memory(error, asked: memory)
    case .tooManyDevices, .badQueueSize, .badAlignment, .ringTooLarge, .unsupportedDevice,
      .badVringRecord, .device, .vendorEntryRefused:
      device(error)
    case .hostMemory, .illegalTransition, .tooManyUsers, .notAcknowledged, .subdevice,
      .noLoadedTable, .loadedTableNotReadable, .coredump, .noFirmware, .firmware,
      .emptyFirmwareName:
      Diagnosis(.platformFailed, nil, "nothing in the firmware: see the message")
    }
  }

  private func placement(_ error: RemoteprocError) -> Diagnosis {
    switch error {
    case .noResourceTable:
      Diagnosis(
        .noResourceTable, nil, "put a table into a section .resource_table, kept by the linker")
    case .tableOutOfImage(let offset, let byteCount, let imageByteCount):
      Diagnosis(
        .tableOutOfImage, tableHeader.map { word($0, 16, 24) },
        "the section ends at \(Self.end(offset, byteCount)) of \(imageByteCount): copy the whole "
          + "file again")
    case .tableNotVisible(let da, let byteCount):
      Diagnosis(
        .tableVisible, tableAddress,
        "add a carveout that covers \(byteCount) bytes at \(da), or link .resource_table into one")
    case .segmentNotInMemory(let header, let da, let byteCount):
      Diagnosis(
        .segmentNotInMemory, loadAddress(header),
        "add a carveout that covers 0x\(String(byteCount, radix: 16)) bytes at \(da), or link the "
          + "segment into memory of the board")
    case .overlap(let part, let other, let address):
      Diagnosis(
        .resourceOverlap, place(of: other) ?? place(of: part),
        "move \(other) or \(part) away from \(address)")
    default: Diagnosis(.platformFailed, nil, "")
    }
  }

  /// Images that say little of themselves.
  private static func bare(_ error: RemoteprocError) -> Diagnosis {
    switch error {
    case .emptyImage: Diagnosis(.emptyImage, nil, "give an image that holds something")
    case .imageBeyondAddressSpace:
      Diagnosis(.segmentPlacement, nil, "choose a lower --load-address")
    case .entryOutOfImage:
      Diagnosis(.entryPoint, nil, "choose an --entry inside what is loaded")
    default: Diagnosis(.relocation, nil, "leave --relocation out, or build an ELF file with -pie")
    }
  }

  private static func end(_ offset: UInt64, _ byteCount: UInt64) -> String {
    let (end, overflow) = offset.addingReportingOverflow(byteCount)
    return overflow ? "offset 2^64 or more" : "offset \(end)"
  }

  private func place(of part: RemoteprocError.Part) -> Diagnosis.Place? {
    switch part {
    case .memory(let name): table?.range(of: .da, named: name).map(Diagnosis.Place.table)
    case .segment(let header): loadAddress(header)
    case .table: tableAddress
    case .trace(let name):
      table?.trace(named: name).flatMap { table?.range(of: .da, in: $0) }
        .map(Diagnosis.Place.table)
    }
  }

  /// Where the image says at which address the table lies.
  var tableAddress: Diagnosis.Place? { tableHeader.map { word($0, 12, 16) } }

  /// The address that the program header at `header` loads to.
  func loadAddress(_ header: Int) -> Diagnosis.Place {
    switch elfClass {
    case .elf32: .file(header + 12..<header + 16)
    case .elf64: .file(header + 24..<header + 32)
    case nil: .file(header..<header + 4)
    }
  }
}

import ELF
import IntelHex
import Remoteproc
import ResourceTable

// Rules of the formats of images and tables.
extension FaultReader {
  /// Where a field of an ELF structure lies, which is wider in ELF64.
  func word(_ base: Int, _ narrow: Int, _ wide: Int) -> Diagnosis.Place {
    elfClass == .elf64
      ? .file(base + wide..<base + wide + 8) : .file(base + narrow..<base + narrow + 4)
  }

  func diagnosis(of error: ELFError) -> Diagnosis {
    switch error {
    case .truncatedHeader(_, let available):
      Diagnosis(.truncatedHeader, file: 0, min(available, 16), "copy the whole file again")
    case .badMagic:
      Diagnosis(.badMagic, file: 0, 4, "give an ELF file, or name the format of the image")
    case .unsupportedClass:
      Diagnosis(.unsupportedClass, file: 4, 1, "link for a 32-bit or a 64-bit machine")
    case .unsupportedByteOrder:
      Diagnosis(.unsupportedByteOrder, file: 5, 1, "link for a little-endian machine")
    case .badVersion(let offset, _):
      Diagnosis(
        .imageIdentification, file: offset, offset == 6 ? 1 : 4, "set the version to 1")
    case .unsupportedType(let offset, _):
      Diagnosis(
        .imageIdentification, file: offset, 2, "link the file: it must be an executable")
    case .foreignMachine(let offset, let expected, _):
      Diagnosis(
        .imageMachine, file: offset, 2, "build for \(expected), or choose another board")
    case .badEntrySize(let offset, let expected, _):
      Diagnosis(.imageIdentification, file: offset, 2, "set the header size to \(expected)")
    case .noSegments(let offset):
      Diagnosis(.noSegments, file: offset, 2, "link with program headers")
    case .badEntry(_, .notAligned):
      Diagnosis(.entryPoint, word(0, 24, 24), "align the entry point to an instruction")
    case .badEntry(_, .notInExecutableSegment):
      Diagnosis(
        .entryPoint, word(0, 24, 24),
        "set the entry point (ENTRY in the linker script) to code of a loaded segment")
    case .tableOutOfFile, .segmentOutOfFile, .fileExceedsMemory, .addressWrap, .segmentOverlap:
      segment(error)
    case .noSuchSection, .sectionOutOfFile, .sectionWithoutBytes, .badStringTable,
      .nameOutOfTable, .ambiguousSection, .sectionTooSmall:
      section(error)
    case .badAlignment, .badDynamicEntry, .dynamicTableNotLoaded, .unsupportedRelocation,
      .relocationOutOfSegments, .unsortedRelocation, .undefinedSymbol:
      relocation(error)
    }
  }

  private func relocation(_ error: ELFError) -> Diagnosis {
    switch error {
    case .badAlignment(let header, _):
      Diagnosis(.relocation, word(header, 28, 48), "set p_align to a power of two")
    case .badDynamicEntry(let offset, _, _), .unsupportedRelocation(let offset, _, _),
      .relocationOutOfSegments(let offset, _), .unsortedRelocation(let offset),
      .undefinedSymbol(let offset, _):
      Diagnosis(
        .relocation, file: offset, 4, "link with -pie and without shared libraries")
    default: Diagnosis(.relocation, nil, "keep the dynamic section in a loaded segment")
    }
  }

  /// A hex file is wrong in a line; its characters are the bytes concerned.
  static func diagnosis(of error: IntelHexError) -> Diagnosis {
    let offset: Int? =
      switch error {
      case .noRecordMark(_, let offset, _), .badDigit(_, let offset, _),
        .truncatedRecord(_, let offset, _, _), .trailingText(_, let offset, _),
        .badChecksum(_, let offset, _, _), .unknownType(_, let offset, _),
        .badLength(_, let offset, _, _, _), .addressWrap(_, let offset, _, _),
        .secondEntry(_, let offset), .missingEnd(_, let offset), .dataAfterEnd(_, let offset):
        offset
      case .overlap, .tooManySegments, .noData, .noEntry: nil
      }
    return Diagnosis(
      .hexFile, offset.map { .file($0..<$0 + 2) }, "make the file again with objcopy -O ihex")
  }

  private func segment(_ error: ELFError) -> Diagnosis {
    switch error {
    case .tableOutOfFile(.programHeaders, _, _, _):
      Diagnosis(.tableOutOfFile, word(0, 28, 32), "copy the whole file again")
    case .tableOutOfFile(.sectionHeaders, _, _, _):
      Diagnosis(
        .tableOutOfFile, word(0, 32, 40), "copy the whole file again, with its section headers")
    case .segmentOutOfFile(let header, _, _, _):
      Diagnosis(.segmentOutOfFile, word(header, 4, 8), "copy the whole file again")
    case .fileExceedsMemory(let header, _, let memoryByteCount):
      Diagnosis(
        .fileExceedsMemory, word(header, 16, 32), "set p_filesz to at most \(memoryByteCount)")
    case .addressWrap(let header, _, _, let last):
      Diagnosis(
        .segmentPlacement, loadAddress(header), "link the segment so that it ends at \(last)")
    case .segmentOverlap(_, let otherHeader, let address):
      Diagnosis(
        .segmentPlacement, loadAddress(otherHeader), "link the two segments apart at \(address)")
    default: Diagnosis(.platformFailed, nil, "")
    }
  }

  private func section(_ error: ELFError) -> Diagnosis {
    switch error {
    case .noSuchSection: Diagnosis(.tableSection, nil, "link the file again")
    case .sectionOutOfFile(let header, _, _, _):
      Diagnosis(.sectionOutOfFile, word(header, 16, 24), "copy the whole file again")
    case .sectionWithoutBytes(let header):
      Diagnosis(
        .tableSection, file: header + 4, 4,
        "give the table initial values, and keep it out of .bss and NOLOAD sections")
    case .badStringTable(_, let header):
      Diagnosis(.tableSection, file: header, 2, "name a section of strings")
    case .nameOutOfTable(let header, _, _):
      Diagnosis(.nameOutOfTable, file: header, 4, "copy the whole file again, or link it again")
    case .ambiguousSection(_, let otherHeader), .sectionTooSmall(let otherHeader, _, _):
      Diagnosis(
        .tableSection, file: otherHeader, 4, "keep one .resource_table section: merge the two")
    default: Diagnosis(.platformFailed, nil, "")
    }
  }

  func diagnosis(of error: ResourceTableError) -> Diagnosis {
    switch error {
    case .truncated(let offset, _, let available):
      Diagnosis(
        .tableTruncated, table: offset..<offset + max(0, min(available, 16)),
        "make the table whole: 16 bytes of header, its offsets and its entries")
    case .unsupportedVersion:
      Diagnosis(.unsupportedVersion, table: 0..<4, "set the version to 1")
    case .reservedNotZero(let offset):
      Diagnosis(.reservedNotZero, table: offset..<offset + reservedWidth(offset), "set it to 0")
    case .offsetsTruncated(_, let available):
      Diagnosis(
        .offsetsTruncated, table: 4..<8, "set num to at most \(available / 4), or enlarge the table"
      )
    case .badEntryOffset(let index, _, let available):
      Diagnosis(
        .badEntryOffset, table: 16 + 4 * index..<20 + 4 * index,
        "set the offset to where the entry begins, below \(available)")
    case .entryTruncated(_, let offset, _, let needed, _):
      Diagnosis(
        .entryTruncated, table: offset..<offset + 4,
        "make room for \(needed) bytes, or correct the entry's type and counts")
    case .unsupportedVringCount(let offset, _, _):
      Diagnosis(
        .vringCount, table: offset..<offset + (table?.version == .v0 ? 4 : 1),
        "give the device 2 vrings")
    case .entriesOverlap(_, let other, let offset):
      Diagnosis(
        .tableLayout, table: offset..<offset + 4,
        other < 0
          ? "move the entry behind the offsets" : "give each entry its own bytes")
    case .trailingBytes(let offset, let byteCount):
      Diagnosis(
        .tableLayout, table: offset..<offset + byteCount,
        "make the section a multiple of 96 bytes, or set the version to 1")
    case .tooManyEntries(_, let limit):
      Diagnosis(.tooManyEntries, table: 4..<8, "keep at most \(limit) entries")
    case .emptyResource(let offset):
      Diagnosis(
        .resourceExtent, table: offset..<offset + 4, "set the size, or remove the entry")
    case .addressWrap(let offset, _, _, let last):
      Diagnosis(
        .resourceExtent, table: offset..<offset + (last > UInt64(UInt32.max) ? 8 : 4),
        "choose address and size so that the last byte is at most 0x\(String(last, radix: 16))")
    case .valueTooLarge(let offset, _, let byteCount):
      Diagnosis(
        .addressNotExpressible, table: offset..<offset + byteCount, "choose a smaller value")
    case .notExpressible, .tableTooLarge: Diagnosis(.platformFailed, nil, "")
    }
  }

  /// Bytes of the reserved word at `offset`.
  private func reservedWidth(_ offset: Int) -> Int {
    guard table?.version != .v0 else { return 8 }
    let isDevice = table?.entries.contains { $0.offset + 26 == offset } ?? false
    return isDevice || offset % 4 == 2 ? 2 : 4
  }
}

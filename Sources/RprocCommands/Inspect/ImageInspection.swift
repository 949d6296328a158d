import ELF
package import FirmwareFiles
import IntelHex
package import Remoteproc
package import ResourceTable
import WireTypes

/// What an image says of itself, read as far as it can be read.
package struct ImageInspection {
  /// The file.
  package let image: ImageFile
  /// What the file is.
  let content: Content
  /// Its sections that have a name and occupy memory, and the resource table's.
  private(set) var sections: [NamedSection] = []
  /// Its resource table, if it has one.
  private(set) var table: TableInspection?
  /// Why reading ended early.
  private(set) package var failure: Failure?

  /// The file as its format has it.
  enum Content {
    case elf(ELFFile)
    case binary(BinaryFirmware)
    case hex(IntelHexFile, entry: DeviceAddress?)
  }

  /// A section with its name.
  struct NamedSection {
    let name: String
    let header: ELFSection
  }

  /// The name of the section that holds the resource table.
  static let tableSectionName = ".resource_table"

  /// Most rows of one kind that are shown.
  static let maxRowCount = 256

  /// Reads an image.
  ///
  /// Without a `tableVersion` that is told from the bytes of the table.
  ///
  /// - Throws: ``Failure`` when not even the file header and the program headers can be read; what
  ///   is found later is in ``failure``.
  package init(
    _ image: ImageFile, _ options: FirmwareImage.Options = .init(),
    tableVersion: ResourceTableVersion? = nil
  ) throws(Failure) {
    self.image = image
    do throws(RemoteprocError) {
      content = try Content(image.bytes, options)
    } catch {
      if case .image(let cause) = error {
        throw Failure(cause, about: image.path, status: .refused)
      }
      throw Failure(error, about: image.path, status: .refused)
    }
    guard case .elf(let elf) = content else { return }
    do throws(ELFError) {
      try readSections(of: elf)
      try readTable(of: elf, tableVersion)
    } catch { failure = Failure(error, about: image.path, status: .refused) }
    if failure == nil { failure = table?.failure }
  }

  private mutating func readSections(of elf: ELFFile) throws(ELFError) {
    for index in 0..<min(elf.sectionCount, 65_536) where sections.count < Self.maxRowCount {
      let header = try elf.section(at: index)
      guard header.type != .null else { continue }
      let name = try elf.name(of: header)
      let isLoaded = header.flags & 2 != 0 && header.byteCount > 0
      guard isLoaded || name == Self.tableSectionName else { continue }
      sections.append(NamedSection(name: name, header: header))
    }
  }

  private mutating func readTable(
    of elf: ELFFile, _ version: ResourceTableVersion?
  ) throws(ELFError) {
    guard let section = try elf.section(named: Self.tableSectionName) else { return }
    let bytes = try elf.bytes(of: section)
    table = TableInspection(
      bytes: Array(bytes), section: section, version: version, path: image.path)
  }
}

extension ImageInspection.Content {
  /// Reads as much as shows what the file is; a hex file need not say where it starts.
  fileprivate init(
    _ bytes: [UInt8], _ options: FirmwareImage.Options
  ) throws(RemoteprocError) {
    let hasAddress = options.loadAddress != nil
    let format = options.format ?? FirmwareImage.format(of: bytes, hasLoadAddress: hasAddress)
    if format == .hex, !hasAddress {
      do throws(IntelHexError) {
        let file = try IntelHexFile(parsing: bytes)
        self = .hex(file, entry: options.entry ?? file.entry)
      } catch { throw .hexFile(error) }
      return
    }
    switch try FirmwareImage(parsing: bytes, options) {
    case .elf(let firmware): self = .elf(firmware.file)
    case .binary(let firmware): self = .binary(firmware)
    case .hex(let firmware): self = .hex(firmware.file, entry: firmware.bootAddress)
    }
  }
}

/// A resource table, read entry by entry as far as it can be read.
package struct TableInspection {
  /// One entry, or one vring of a virtio device.
  struct Row {
    var index: Int?
    var offset: Int?
    var kind: String
    var name = ""
    var da: Address = .none
    var pa: UInt64?
    var byteCount: UInt64?
    var details: [JSONValue.Field] = []
  }

  /// An address of a row.
  enum Address {
    case none, any
    case fixed(UInt64)
  }

  /// The section that the table lies in; `nil` for one alone or in memory.
  let section: ELFSection?
  let byteCount: Int
  private(set) var version: ResourceTableVersion?
  private(set) var entryCount = 0
  private(set) var rows: [Row] = []
  private(set) var failure: Failure?

  init(bytes: [UInt8], section: ELFSection?, version: ResourceTableVersion?, path: String) {
    self.section = section
    byteCount = bytes.count
    do throws(ResourceTableError) {
      let reader = try ResourceTableReader(parsing: bytes, version: version)
      self.version = reader.version
      entryCount = reader.entryCount
      for index in 0..<reader.entryCount where rows.count < ImageInspection.maxRowCount {
        rows += try TableRows.rows(of: try reader.entry(at: index), in: reader)
      }
    } catch { failure = Failure(error, about: path, status: .refused) }
  }
}

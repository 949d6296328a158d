import ELF
import ResourceTable
import WireTypes

/// What an image says of itself, read as far as it can be read.
package struct ImageInspection {
  /// The file.
  package let image: ImageFile
  /// The file as ELF.
  let elf: ELFFile
  /// Its sections that have a name and occupy memory, and the resource table's.
  private(set) var sections: [NamedSection] = []
  /// Its resource table, if it has one.
  private(set) var table: TableInspection?
  /// Why reading ended early.
  private(set) package var failure: Failure?

  /// A section with its name.
  struct NamedSection {
    let name: String
    let header: ELFSection
  }

  /// The name of the section that holds the resource table.
  static let tableSectionName = ".resource_table"

  /// Most rows of one kind that are shown.
  static let maxRowCount = 256

  /// Reads `image`.
  ///
  /// - Throws: ``Failure`` when not even the file header and the program headers can be read; what
  ///   is found later is in ``failure``.
  package init(_ image: ImageFile) throws(Failure) {
    self.image = image
    do throws(ELFError) { elf = try ELFFile(parsing: image.bytes) } catch {
      throw Failure(error, about: image.path, status: .refused)
    }
    do throws(ELFError) {
      try readSections()
      try readTable()
    } catch { failure = Failure(error, about: image.path, status: .refused) }
    if failure == nil { failure = table?.failure }
  }

  private mutating func readSections() throws(ELFError) {
    for index in 0..<min(elf.sectionCount, 65_536) where sections.count < Self.maxRowCount {
      let header = try elf.section(at: index)
      guard header.type != .null else { continue }
      let name = try elf.name(of: header)
      let isLoaded = header.flags & 2 != 0 && header.byteCount > 0
      guard isLoaded || name == Self.tableSectionName else { continue }
      sections.append(NamedSection(name: name, header: header))
    }
  }

  private mutating func readTable() throws(ELFError) {
    guard let section = try elf.section(named: Self.tableSectionName) else { return }
    let bytes = try elf.bytes(of: section)
    table = TableInspection(bytes: Array(bytes), section: section, path: image.path)
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

  let section: ELFSection
  let byteCount: Int
  private(set) var version: ResourceTableVersion?
  private(set) var entryCount = 0
  private(set) var rows: [Row] = []
  private(set) var failure: Failure?

  init(bytes: [UInt8], section: ELFSection, path: String) {
    self.section = section
    byteCount = bytes.count
    do throws(ResourceTableError) {
      let reader = try ResourceTableReader(parsing: bytes)
      version = reader.version
      entryCount = reader.entryCount
      for index in 0..<reader.entryCount where rows.count < ImageInspection.maxRowCount {
        rows += try TableRows.rows(of: try reader.entry(at: index), in: reader)
      }
    } catch { failure = Failure(error, about: path, status: .refused) }
  }
}

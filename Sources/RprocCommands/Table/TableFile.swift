import ELF
import FirmwareFiles
import Remoteproc
import ResourceTable

/// A resource table that a user names: alone in a file, or in the section of an image.
struct TableFile {
  /// The file.
  let file: ImageFile
  /// The table.
  let bytes: [UInt8]
  /// The image around it; `nil` when the file is the table.
  let image: (elf: ELFFile, section: ELFSection)?

  /// Takes the table out of `file`.
  ///
  /// - Throws: ``Failure`` with status 65.
  init(_ file: ImageFile) throws(Failure) {
    self.file = file
    guard file.bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      bytes = file.bytes
      image = nil
      return
    }
    let found: (elf: ELFFile, section: ELFSection, bytes: [UInt8])?
    do throws(ELFError) { found = try Self.table(of: file.bytes) } catch {
      throw Failure(error, about: file.path, status: .refused)
    }
    guard let found else {
      throw Failure(RemoteprocError.noResourceTable, about: file.path, status: .refused)
    }
    bytes = found.bytes
    image = (found.elf, found.section)
  }

  private static func table(
    of image: [UInt8]
  ) throws(ELFError) -> (elf: ELFFile, section: ELFSection, bytes: [UInt8])? {
    let elf = try ELFFile(parsing: image)
    guard let section = try elf.section(named: ELFFirmware.tableSectionName) else { return nil }
    return (elf, section, Array(try elf.bytes(of: section)))
  }

  /// The table, read.
  ///
  /// - Throws: ``Failure`` with status 65.
  func reader(_ version: ResourceTableVersion?) throws(Failure) -> ResourceTableReader {
    do throws(ResourceTableError) {
      return try ResourceTableReader(parsing: bytes, version: version)
    } catch { throw Failure(error, about: file.path, status: .refused) }
  }

  /// The image with `table` in place of its own, verified by reading it back.
  ///
  /// - Throws: ``Failure`` with status 65, such as when `table` is larger.
  func spliced(_ table: [UInt8]) throws(Failure) -> [UInt8] {
    guard let image else {
      throw Failure(
        kind: "TableFile.noImage",
        message: "\(SafeText.escaped(file.path)): is no ELF image to put a table into",
        status: .refused)
    }
    let changed: [UInt8]
    do throws(ELFError) { changed = try image.elf.replacing(image.section, with: table) } catch {
      throw Failure(error, about: file.path, status: .refused)
    }
    let readBack = try TableFile(ImageFile(path: file.path, bytes: changed))
    guard readBack.bytes == table else {
      throw Failure(
        kind: "TableFile.notReadBack",
        message: "\(SafeText.escaped(file.path)): the table does not read back, nothing written",
        status: .refused)
    }
    return changed
  }
}

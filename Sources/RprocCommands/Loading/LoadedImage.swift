import ELF
import Remoteproc
import WireTypes

/// A firmware file that was read and recognised.
struct LoadedImage {
  /// The file.
  let file: ImageFile
  /// The same bytes as firmware.
  let firmware: ELFFirmware
  private let digest: String

  /// Reads the image at `path`.
  ///
  /// - Throws: ``Failure`` with status 66 or 65.
  init(path: String) throws(Failure) {
    try self.init(ImageFile.forCommand(path))
  }

  /// Recognises an image that was read.
  ///
  /// - Throws: ``Failure`` with status 65.
  init(_ file: ImageFile) throws(Failure) {
    self.file = file
    digest = SHA256(of: file.bytes).hex
    do throws(RemoteprocError) { firmware = try ELFFirmware(parsing: file.bytes) } catch {
      throw Failure(error, about: file.path, status: .refused)
    }
  }

  /// The event that tells of the image.
  func event(board: String) -> FirmwareEvent {
    FirmwareEvent(
      name: file.name, format: firmware.formatName, machine: "\(firmware.file.machine)",
      board: board, entry: firmware.bootAddress.rawValue, byteCount: file.bytes.count,
      sha256: digest)
  }
}

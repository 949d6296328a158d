import ELF
import FirmwareFiles
import Remoteproc
import WireTypes

/// A firmware file that was read and recognised.
struct LoadedImage {
  /// The file.
  let file: ImageFile
  /// The same bytes as firmware.
  let firmware: FirmwareImage
  private let digest: String

  /// Recognises an image that was read.
  ///
  /// - Throws: ``Failure`` with status 65.
  init(_ file: ImageFile, _ options: FirmwareImage.Options = .init()) throws(Failure) {
    self.file = file
    digest = SHA256(of: file.bytes).hex
    do throws(RemoteprocError) {
      firmware = try FirmwareImage(parsing: file.bytes, options)
    } catch {
      throw Failure(error, about: file.path, status: .refused)
    }
  }

  /// The event that tells of the image.
  func event(board: String) -> FirmwareEvent {
    FirmwareEvent(
      name: file.name, format: firmware.formatName,
      machine: firmware.elfFile.map { "\($0.machine)" } ?? "any",
      board: board, entry: firmware.bootAddress.rawValue, byteCount: file.bytes.count,
      sha256: digest)
  }
}

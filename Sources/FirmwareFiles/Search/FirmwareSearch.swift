import CLinux
import Glibc

/// Where firmware is looked for by its name, as Linux does.
///
/// All directories are tried with the name as it is, then all with each suffix of a compressed
/// file. Source: [FIRMWARE-LOADER], and practice for the suffixes; the last one, `.gz`, is ours.
/// Two rules are stricter: a file that is there and cannot be read or unpacked ends the search with
/// an error that names it, and a symbolic link must not lead out of its directory.
public struct FirmwareSearch: Equatable, Sendable {
  /// Directories in the order they are tried; empty ones are passed over.
  public var directories: [String]

  /// Searches these directories and no others.
  public init(directories: [String]) { self.directories = directories }

  /// The directories of Linux with those of the user in front.
  ///
  /// - Parameters:
  ///   - custom: what Linux knows as the parameter `path` of `firmware_class`.
  ///   - release: the release of the kernel, as `uname -r` prints it.
  /// - Returns: the search.
  public static func standard(
    custom: [String] = [], release: String = FirmwareSearch.kernelRelease
  ) -> FirmwareSearch {
    let root = "/lib/firmware"
    return FirmwareSearch(
      directories: custom + [
        "\(root)/updates/\(release)", "\(root)/updates", "\(root)/\(release)", root,
      ])
  }

  /// The release of the kernel that runs here.
  public static var kernelRelease: String {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "" }
    return unsafe withUnsafeBytes(of: &names.release) { bytes in
      // SAFETY: the field is a C string inside the structure.
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Whether `name` may be searched for: relative, not empty, and it goes nowhere up.
  ///
  /// Linux refuses names that go up since version 6.11.
  public static func isSearchable(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.utf8.contains(0)
      && !name.split(separator: "/").contains("..")
  }

  /// Finds, reads and unpacks the firmware `name`, which may have directories in it.
  ///
  /// - Throws: ``ImageFileError``; ``ImageFileError/notFound(name:directories:)`` when no place has
  ///   it.
  public func read(
    _ name: String, unpacker: Unpacker = Unpacker(), limit: Int = ImageFile.maxByteCount
  ) throws(ImageFileError) -> ImageFile {
    guard Self.isSearchable(name) else { throw .badName(name) }
    let places = directories.filter { !$0.isEmpty }
    for compression in [nil] + Compression.searched.map(Optional.some) {
      for directory in places {
        guard let found = try open(name + (compression?.suffix ?? ""), in: directory) else {
          continue
        }
        let image = try ImageFile(found, unpacker: unpacker, limit: limit)
        if let compression, image.compression != compression {
          throw .unpacking(compression, .otherFormat, path: image.path)
        }
        return image
      }
    }
    throw .notFound(name: name, directories: places)
  }

  private func open(
    _ name: String, in directory: String
  ) throws(ImageFileError) -> RegularFile? {
    guard !directory.utf8.contains(0) else { throw .badName(directory) }
    let place = unsafe rproc_open_place(directory)
    guard place >= 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw .system(.open, path: directory, errno: errno)
      }
      return nil
    }
    defer { close(place) }
    return try RegularFile(below: place, name, path: "\(directory)/\(name)")
  }
}

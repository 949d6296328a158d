/// A firmware file, read once and unpacked: what is checked, hashed and booted is the same bytes.
public struct ImageFile: Equatable, Sendable {
  /// The path that was read, as the user gave it or as the search found it.
  public let path: String
  /// All bytes of the image, unpacked.
  public let bytes: [UInt8]
  /// How the file is compressed; `nil` when it holds the image as it is.
  public let compression: Compression?

  /// The largest file that is read, and the largest image that one is unpacked to, in bytes.
  public static let maxByteCount = 256 << 20

  /// Takes `bytes` as if they had been read from `path`.
  public init(path: String, bytes: [UInt8]) {
    self.init(path: path, bytes: bytes, compression: nil)
  }

  private init(path: String, bytes: [UInt8], compression: Compression?) {
    self.path = path
    self.bytes = bytes
    self.compression = compression
  }

  /// Opens, reads and unpacks the file at `path`; how it is compressed is told from its first bytes.
  ///
  /// Symbolic links are followed, as the user named the path. What is not a regular file is
  /// refused without waiting for it. Blocks while the system reads.
  ///
  /// - Throws: ``ImageFileError``.
  public init(
    path: String, unpacker: Unpacker = Unpacker(), limit: Int = ImageFile.maxByteCount
  ) throws(ImageFileError) {
    let file = try RegularFile(path: path)
    try self.init(file, unpacker: unpacker, limit: limit)
  }

  /// Reads and unpacks a file that is open.
  init(
    _ file: borrowing RegularFile, unpacker: Unpacker, limit: Int
  ) throws(ImageFileError) {
    let bytes = try file.readAll(limit: limit)
    guard let compression = Compression(of: bytes) else {
      self.init(path: file.path, bytes: bytes)
      return
    }
    let unpacked = try unpacker.unpack(bytes, compression, path: file.path, limit: limit)
    self.init(path: file.path, bytes: unpacked, compression: compression)
  }

  /// The last component of the path.
  public var name: String { String(path.split(separator: "/").last ?? "") }
}

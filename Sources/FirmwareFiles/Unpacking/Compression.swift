/// How a firmware file is compressed.
public enum Compression: String, CaseIterable, Equatable, Sendable {
  /// One xz stream; unpacked by liblzma.
  case xz
  /// One zstd frame; unpacked by libzstd.
  case zstd
  /// One gzip member; unpacked by zlib.
  case gzip

  /// What the name of such a file ends with.
  public var suffix: String {
    switch self {
    case .xz: ".xz"
    case .zstd: ".zst"
    case .gzip: ".gz"
    }
  }

  /// The first bytes of such a file.
  var magic: [UInt8] {
    switch self {
    case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .gzip: [0x1f, 0x8b]
    }
  }

  /// The order in which a search tries the suffixes: that of Linux, then ours.
  static let searched: [Compression] = [.zstd, .xz, .gzip]

  /// The suffixes for a message.
  static var suffixList: String { searched.map(\.suffix).joined(separator: ", ") }

  /// The compression of a file that begins with `bytes`; `nil` when it has none of these.
  public init?(of bytes: [UInt8]) {
    guard let found = Self.allCases.first(where: { bytes.starts(with: $0.magic) }) else {
      return nil
    }
    self = found
  }
}

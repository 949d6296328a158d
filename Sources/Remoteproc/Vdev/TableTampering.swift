/// Bytes of a published resource table that are no longer what the host wrote.
///
/// It changes nothing for the host, which works by its own copy; but it says that the remote is
/// broken or hostile.
public struct TableTampering: Equatable, Sendable {
  /// The most bytes that are shown.
  public static let maximumByteCount = 16

  /// Bytes from the start of the table to the first that differs.
  public let offset: Int
  /// What the host published there.
  public let expected: [UInt8]
  /// As many bytes as they are now.
  public let found: [UInt8]

  /// Says that `found` is where `expected` was.
  public init(offset: Int, expected: [UInt8], found: [UInt8]) {
    self.offset = offset
    self.expected = expected
    self.found = found
  }
}

extension TableTampering: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    "resource table changed at offset 0x\(String(offset, radix: 16)): "
      + "\(Self.digits(expected)) was published, \(Self.digits(found)) is there"
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

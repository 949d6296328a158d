import ELF
import Foundation
import Testing

// Small is a promise: whoever adds to the shared modules sees here what firmware pays for it.
@Suite("Size of the firmware images")
struct ImageSizeTests {
  /// Images, and the most bytes of code, constants and initial data they may have.
  private static let limits = [
    ("echo", 12 << 10), ("echo-poll", 12 << 10), ("echo-v0", 12 << 10),
    ("sample-client", 13 << 10), ("crash", 13 << 10),
  ]

  @Test("No image has grown beyond its limit, on either board", arguments: ["", "-cm4"])
  func limits(board: String) throws {
    for (name, limit) in Self.limits {
      let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/RprocCommands/Images/\(name)\(board).elf")
      let file = try ELFFile(parsing: [UInt8](Data(contentsOf: path)))
      let byteCount = file.segments.filter(\.isLoadable).reduce(0) { $0 + $1.fileByteCount }
      #expect(byteCount > 1 << 10, "\(name)\(board)")
      #expect(byteCount <= limit, "\(name)\(board): \(byteCount) bytes")
    }
  }
}

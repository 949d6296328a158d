/// What is known of an image once it is accepted.
package struct FirmwareEvent: Equatable, Sendable {
  /// The name of the file.
  package var name: String
  /// The format, such as `ELF32`.
  package var format: String
  /// The processor it is for, such as `riscv`.
  package var machine: String
  /// The board it is booted on.
  package var board: String
  /// The boot address.
  package var entry: UInt64
  /// Bytes of the file.
  package var byteCount: Int
  /// The hash of the file, in hexadecimal.
  package var sha256: String

  /// Makes the event of an accepted image.
  package init(
    name: String, format: String, machine: String, board: String, entry: UInt64, byteCount: Int,
    sha256: String
  ) {
    self.name = name
    self.format = format
    self.machine = machine
    self.board = board
    self.entry = entry
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

import ELF

/// Bytes of a file that is being made.
struct LittleEndianBytes {
  private(set) var bytes: [UInt8] = []

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  mutating func add<Integer: FixedWidthInteger>(_ value: Integer) {
    for index in 0..<(Integer.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }

  /// Adds an address, an offset or a size: 4 bytes or 8.
  ///
  /// - Precondition: what the class cannot express was refused before.
  mutating func add(_ value: UInt64, _ elfClass: ELFClass) {
    if elfClass == .elf64 { add(value) } else { add(UInt32(value)) }
  }

  /// Adds `new`, and zeroes up to `byteCount` bytes.
  mutating func add(_ new: some Collection<UInt8>, paddedTo byteCount: Int) {
    bytes += new
    for _ in new.count..<byteCount { bytes.append(0) }
  }
}

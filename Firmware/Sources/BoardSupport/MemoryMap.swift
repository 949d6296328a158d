import CBoard
import SharedMemory
import WireTypes

/// Where things are on the board the image is built for, as the core sees them.
enum MemoryMap {
  #if BOARD_VIRT_RV32
  /// Memory that the host may place rings and buffers in; the image lies in it too.
  static let ramStart: UInt = 0x8000_0000
  static let ramByteCount: UInt = 16 << 20
  static let doorbell: UInt = 0x1000_0000
  /// The memory for large messages that `LargeTable` announces.
  static let largeStart: UInt = 0x8010_0000
  #elseif BOARD_VIRT_CM4
  /// Memory that the host may place rings and buffers in; the image lies in it too.
  static let ramStart: UInt = 0x2000_0000
  static let ramByteCount: UInt = 16 << 20
  static let doorbell: UInt = 0x4000_0000
  /// The memory for large messages that `LargeTable` announces.
  static let largeStart: UInt = 0x2010_0000
  #else
  #error("no memory map for this board: give its name by -D BOARD_...")
  #endif

  /// All memory of the board.
  static var ram: SharedWindow { window(from: ramStart, to: ramStart + ramByteCount) }
  /// The resource table, which the host changes too.
  static var table: SharedWindow { window(from: board_table_start(), to: board_table_end()) }
  /// The address of the resource table.
  static var tableStart: UInt { board_table_start() }
  /// The trace buffer that the table announces.
  static var trace: SharedWindow { window(from: board_trace_start(), to: board_trace_end()) }

  /// The carveout of the image, closed to the host's buffers.
  static var program: AddressRange<DeviceAddress>? {
    AddressRange(
      start: DeviceAddress(rawValue: UInt64(board_image_start())),
      byteCount: UInt64(board_image_end() &- board_image_start()))
  }

  private static func window(from start: UInt, to end: UInt) -> SharedWindow {
    // SAFETY: the board has memory there, and the linker script keeps it for this use.
    unsafe SharedWindow(
      unownedBase: UnsafeMutableRawPointer(bitPattern: start).unsafelyUnwrapped,
      byteCount: Int(truncatingIfNeeded: end &- start))
  }
}

import Coredump
import ELF
import SharedMemory
import WireTypes

/// The memory of a dump: each byte once, under the first name that claims it.
struct DumpMemory {
  private let elfClass: ELFClass
  private var coverage = AddressCoverage()
  private(set) var segments: [CoredumpSegment] = []
  private(set) var windows: [SharedWindow?] = []
  /// Names of memory at addresses that the class cannot express.
  private(set) var leftOut: [WireName] = []

  init(elfClass: ELFClass) { self.elfClass = elfClass }

  /// Adds what nothing added before covers; `window` gives the bytes at an offset, or `nil` when
  /// they cannot be read.
  mutating func add(
    _ name: WireName, at da: DeviceAddress, byteCount: UInt64,
    window: (_ offset: UInt64, _ byteCount: UInt64) -> SharedWindow?
  ) {
    guard let range = expressible(da, byteCount) else { return leftOut.append(name) }
    for piece in coverage.take(range) {
      segments.append(
        CoredumpSegment(name: name, da: piece.start, byteCount: piece.byteCount))
      windows.append(window(piece.start.rawValue - da.rawValue, piece.byteCount))
    }
  }

  /// Adds the memory of `window`, or keeps it out under every name.
  mutating func add(
    _ name: WireName, at da: DeviceAddress, _ window: SharedWindow, isWanted: Bool
  ) {
    let byteCount = UInt64(window.byteCount)
    if isWanted {
      add(name, at: da, byteCount: byteCount) { window.window(at: $0, byteCount: $1) }
    } else if let range = AddressRange(start: da, byteCount: byteCount) {
      _ = coverage.take(range)
    }
  }

  private func expressible(
    _ da: DeviceAddress, _ byteCount: UInt64
  ) -> AddressRange<DeviceAddress>? {
    guard let range = AddressRange(start: da, byteCount: byteCount) else { return nil }
    guard byteCount > 0, elfClass == .elf32 else { return range }
    return da.rawValue + (byteCount - 1) <= UInt64(UInt32.max) ? range : nil
  }
}

import WireTypes

/// Which device answers at an address.
struct DeviceMap: Sendable {
  enum Target: Sendable {
    case doorbell, clint
  }

  private struct Entry: Sendable {
    let start: UInt32
    let byteCount: UInt32
    let target: Target
  }

  private let entries: [Entry]

  /// Maps `devices`, already checked.
  init(_ devices: [ChipConfiguration.Device]) {
    entries = devices.map { device in
      let target: Target =
        switch device.kind {
        case .doorbell: .doorbell
        case .clint: .clint
        }
      return Entry(
        start: UInt32(truncatingIfNeeded: device.da.rawValue),
        byteCount: device.kind.byteCount, target: target)
    }
  }

  /// The device at `address` and the offset of its register, or `nil` when nothing answers.
  func find(_ address: UInt32) -> (target: Target, offset: UInt32)? {
    for entry in entries {
      // An address below the start wraps to a large offset.
      let offset = address &- entry.start
      if offset < entry.byteCount { return (entry.target, offset) }
    }
    return nil
  }
}

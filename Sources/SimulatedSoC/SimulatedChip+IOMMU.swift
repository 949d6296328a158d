import CoreSupport
import RISCVCore
public import SharedMemory
public import WireTypes

/// A range of addresses at which the IOMMU shows memory of the bus to the core.
public struct ChipMapping: Equatable, Sendable {
  /// Where the core sees it; a multiple of 4 bytes.
  public let da: DeviceAddress
  /// Where it lies on the bus.
  public let pa: PhysicalAddress
  /// Bytes; a multiple of 4.
  public let byteCount: UInt64
  /// What the core may do with it.
  public let permissions: MemoryPermissions

  /// Makes a mapping.
  public init(
    da: DeviceAddress, pa: PhysicalAddress, byteCount: UInt64,
    permissions: MemoryPermissions = .all
  ) {
    self.da = da
    self.pa = pa
    self.byteCount = byteCount
    self.permissions = permissions
  }

  /// This mapping and `next` in one, if they look like one to the core.
  func joined(with next: ChipMapping) -> ChipMapping? {
    guard permissions == next.permissions, next.da.offset(from: da) == byteCount,
      next.pa.offset(from: pa) == byteCount
    else { return nil }
    return ChipMapping(
      da: da, pa: pa, byteCount: byteCount + next.byteCount, permissions: permissions)
  }
}

// The translation between the core and the bus.
extension SimulatedChip {
  /// Makes the IOMMU show these mappings, and nothing else.
  ///
  /// Every access is checked against them, without a cost for each: mappings that continue one
  /// another become one window of the core. An access that the IOMMU refuses is a crash of kind
  /// ``ChipCrash/Kind/mmuFault``, whatever handlers the firmware has.
  ///
  /// - Throws: ``ChipError/noIOMMU``, ``ChipError/alreadyRunning``,
  ///   ``ChipError/notTranslated(da:byteCount:)``, ``ChipError/nothingThere(_:byteCount:)``, or
  ///   ``ChipError/core(_:)`` for mappings that overlap or are not aligned; nothing changes then.
  public func show(_ mappings: [ChipMapping]) throws(ChipError) {
    guard let translated else { throw .noIOMMU }
    var windows = Self.ownWindows(memory)
    for mapping in merged(mappings) {
      guard let range = AddressRange(start: mapping.da, byteCount: mapping.byteCount),
        translated.contains(range)
      else { throw .notTranslated(da: mapping.da, byteCount: mapping.byteCount) }
      guard let window = window(at: mapping.pa, byteCount: mapping.byteCount) else {
        throw .nothingThere(mapping.pa, byteCount: mapping.byteCount)
      }
      windows.append(
        RISCVMemory(base: mapping.da, window: window, permissions: mapping.permissions))
    }
    try runner.withCore { state throws(ChipError) in
      guard state.phase == .stopped || state.phase == .ended else { throw .alreadyRunning }
      do throws(RISCVCoreError) { try state.core.setMemory(windows) } catch {
        throw .core(error)
      }
    }
  }

  /// The memory at `pa` of the bus, or `nil` unless `byteCount` bytes from there are one piece.
  public func window(at pa: PhysicalAddress, byteCount: UInt64) -> SharedWindow? {
    for memory in memory {
      guard let offset = memory.onBus.offset(of: pa, byteCount: byteCount) else { continue }
      return memory.window.window(at: offset, byteCount: byteCount)
    }
    return nil
  }

  private func merged(_ mappings: [ChipMapping]) -> [ChipMapping] {
    var merged: [ChipMapping] = []
    for mapping in mappings.sorted(by: { $0.da < $1.da }) {
      // Two memories side by side on the bus are two pieces all the same.
      if let joined = merged.last?.joined(with: mapping),
        window(at: joined.pa, byteCount: joined.byteCount) != nil
      {
        merged[merged.count - 1] = joined
      } else {
        merged.append(mapping)
      }
    }
    return merged
  }
}

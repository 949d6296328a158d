public import Remoteproc
public import SharedMemory
import SimulatedSoC
public import WireTypes

// What the core sees through the board's IOMMU. The chip learns of it when the core starts: until
// then the core is in reset, and nobody could tell the difference.
extension SimulatorPlatform {
  /// The board's unit, with nothing mapped.
  ///
  /// - Throws: ``PlatformError/noIOMMU`` on a board without one.
  public mutating func attachIOMMU() throws(PlatformError) -> IOMMUDomain {
    guard let iommu else { throw .noIOMMU }
    mappings = []
    return iommu
  }

  /// Shows memory of the board to the core.
  ///
  /// - Throws: ``PlatformError/nothingThere(_:byteCount:)`` unless all of it is one memory.
  public mutating func map(_ mapping: IOMMUMapping) throws(PlatformError) {
    guard chip.window(at: mapping.pa, byteCount: mapping.byteCount) != nil else {
      throw .nothingThere(mapping.pa, byteCount: mapping.byteCount)
    }
    mappings.append(ChipMapping(mapping))
  }

  /// Hides it again.
  public mutating func unmap(_ mapping: IOMMUMapping) {
    let gone = ChipMapping(mapping)
    mappings.removeAll { $0 == gone }
  }

  /// Shows nothing at all, and lets go of the memory.
  public mutating func detachIOMMU() {
    mappings = []
    do throws(ChipError) { try chip.show([]) } catch {
      preconditionFailure("the life cycle stops the core first: \(error)")
    }
  }

  /// The board's memory at `range` of the bus.
  public func window(at range: AddressRange<PhysicalAddress>) -> SharedWindow? {
    chip.window(at: range.start, byteCount: range.byteCount)
  }

  /// Whether the core may fetch an instruction at `address` through the IOMMU.
  func showsCode(at address: DeviceAddress) -> Bool {
    mappings.contains { mapping in
      let range = AddressRange(start: mapping.da, byteCount: mapping.byteCount)
      return mapping.permissions.contains(.execute)
        && range?.offset(of: address, byteCount: 2) != nil
    }
  }
}

extension ChipMapping {
  fileprivate init(_ mapping: IOMMUMapping) {
    var permissions: MemoryPermissions = []
    if mapping.protection.contains(.read) { permissions.insert(.read) }
    if mapping.protection.contains(.write) { permissions.insert(.write) }
    if mapping.protection.allowsExecution { permissions.insert(.execute) }
    self.init(
      da: mapping.da, pa: mapping.pa, byteCount: mapping.byteCount, permissions: permissions)
  }
}

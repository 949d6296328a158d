import ResourceTable
import WireTypes

/// Memory that a boot is going to need, in the order of allocation.
struct PlannedMemory {
  let name: WireName
  /// The address the firmware insists on.
  let da: DeviceAddress?
  let byteCount: UInt64
  var flags: UInt32 = 0
  var alignment: UInt64 = DeviceMemoryPool.pageByteCount
  let purpose: MemoryRequest.Purpose
  /// Where the table wants to read what was given.
  var fields: MemoryFields?
  /// Memory that existed before; nothing is allocated.
  var region: MemoryRegion?
  var holdsVring = false

  var request: MemoryRequest {
    MemoryRequest(
      name: name, da: da, byteCount: byteCount, alignment: alignment, flags: flags,
      purpose: purpose)
  }

  /// The addresses that are known before anything is allocated.
  var fixedRange: AddressRange<DeviceAddress>? {
    da.flatMap { AddressRange(start: $0, byteCount: byteCount) }
  }

  /// Checks that `byteCount` bytes at `other`, if that is fixed, fit into this memory.
  ///
  /// With `width` 32 only the low 32 bits of addresses are compared.
  ///
  /// Source: [LINUX-6.1] remoteproc.
  func check(
    fits byteCount: UInt64, at other: DeviceAddress?, width: Int
  ) throws(RemoteprocError) {
    guard byteCount <= self.byteCount else {
      throw .carveoutTooSmall(name, needed: byteCount, available: self.byteCount)
    }
    guard let other else { return }
    guard let da else { throw .carveoutMismatch(name, da: other, carveout: nil) }
    guard let offset = other.offset(from: da, width: width), offset <= self.byteCount,
      byteCount <= self.byteCount - offset
    else { throw .carveoutMismatch(name, da: other, carveout: da) }
  }
}

/// Memory with names, each once.
struct MemoryPlan {
  private(set) var items: [PlannedMemory] = []
  private var indices: [WireName: Int] = [:]

  init(regions: [MemoryRegion]) {
    for region in regions where indices[region.name.terminated] == nil {
      append(
        PlannedMemory(
          name: region.name.terminated, da: region.da, byteCount: region.byteCount,
          purpose: .carveout, region: region))
    }
  }

  /// The memory of this name, for a change.
  func index(of name: WireName) -> Int? { indices[name] }

  subscript(index: Int) -> PlannedMemory {
    get { items[index] }
    set { items[index] = newValue }
  }

  /// Adds memory whose name is new; of two equal names lookups find the first.
  mutating func append(_ memory: PlannedMemory) {
    if indices[memory.name] == nil { indices[memory.name] = items.count }
    items.append(memory)
  }

  /// Claims memory for an entry of the table: what has its name, else new memory.
  ///
  /// Source: [LINUX-6.1] remoteproc, carveout rules.
  mutating func claim(
    _ resource: MemoryResource, fields: MemoryFields, offset: Int, profile: CompatibilityProfile
  ) throws(RemoteprocError) {
    let name =
      profile.enforces(.carveoutName)
      ? resource.name.terminated : resource.name.terminated.asLinuxFormat
    guard let index = indices[name] else {
      return append(
        PlannedMemory(
          name: name, da: resource.da, byteCount: UInt64(resource.byteCount),
          flags: resource.flags, purpose: .carveout, fields: fields))
    }
    guard items[index].fields == nil else { throw .duplicateCarveout(name, offset: offset) }
    try items[index].check(
      fits: UInt64(resource.byteCount), at: resource.da, width: profile.addressWidth)
    items[index].fields = fields
    items[index].flags = resource.flags
  }
}

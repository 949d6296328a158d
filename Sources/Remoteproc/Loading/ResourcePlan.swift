import ResourceTable
import Virtio
import WireTypes

/// All that a resource table asks for, checked as far as that goes before memory is allocated.
struct ResourcePlan {
  let profile: CompatibilityProfile
  let policy: ResourcePolicy
  let hasIOMMU: Bool
  var memory: MemoryPlan
  var devmem: [PlannedDevmem] = []
  var traces: [TraceResource] = []
  var devices: [PlannedDevice] = []
  var notices: [BootNotice] = []
  /// Values to write into the table before it is published.
  var patches: [(field: ResourceTableField, value: UInt64)] = []
  var notifyIDs = NotifyIDPool()
  var nextDevice = 0
  /// In a check: ring records of version 0 were refused.
  var hasBadRecords = false

  init(
    profile: CompatibilityProfile, policy: ResourcePolicy, hasIOMMU: Bool, regions: [MemoryRegion]
  ) {
    self.profile = profile
    self.policy = policy
    self.hasIOMMU = hasIOMMU
    memory = MemoryPlan(regions: regions)
  }

  /// Takes up an entry that is not a vendor's.
  mutating func add(
    _ entry: ResourceTableEntry, of table: ResourceTableReader, _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    switch entry.resource {
    case .carveout(let resource): try addCarveout(resource, entry: entry, in: table, &faults)
    case .devmem(let resource): try addDevmem(resource, entry: entry, in: table)
    case .trace(let resource): traces.append(resource)
    case .vdev(let resource): try addDevice(resource, entry: entry, of: table, &faults)
    case .vdevRecord(let record): try addDevice(record, entry: entry)
    case .vringRecord(let record):
      do throws(RemoteprocError) { try addRing(record, entry: entry) } catch {
        hasBadRecords = true
        throw error
      }
    case .configRecord(let record): note(unknown: record.type, entry)
    case .unknown(let type): note(unknown: type, entry)
    case .vendor: break
    }
  }

  private mutating func note(unknown type: UInt32, _ entry: ResourceTableEntry) {
    notices.append(.unknownEntry(type: type, offset: entry.offset))
  }

  private mutating func addCarveout(
    _ resource: MemoryResource, entry: ResourceTableEntry, in table: ResourceTableReader,
    _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    do throws(RemoteprocError) {
      try checkExtent(of: entry, in: table)
      let fields = MemoryFields(of: entry, version: table.version)
      try memory.claim(resource, fields: fields, offset: entry.offset, profile: profile)
    } catch {
      let range = resource.da.flatMap {
        AddressRange(start: $0, byteCount: UInt64(resource.byteCount))
      }
      faults.lose(resource.name.terminated, at: range)
      throw error
    }
  }

  private func checkExtent(
    of entry: ResourceTableEntry, in table: ResourceTableReader
  ) throws(RemoteprocError) {
    guard profile.enforces(.resourceExtent) else { return }
    do throws(ResourceTableError) {
      try entry.checkExtent(version: table.version)
    } catch { throw .table(error) }
  }

  private mutating func addDevmem(
    _ resource: MemoryResource, entry: ResourceTableEntry, in table: ResourceTableReader
  ) throws(RemoteprocError) {
    guard hasIOMMU else { throw .devmemWithoutIOMMU(offset: entry.offset) }
    try checkExtent(of: entry, in: table)
    let range = AddressRange(start: resource.pa, byteCount: UInt64(resource.byteCount))
    guard let range, policy.devmem.contains(where: { $0.contains(range) }) else {
      throw .devmemNotAllowed(resource.pa, byteCount: UInt64(resource.byteCount))
    }
    devmem.append(PlannedDevmem(resource))
  }

  /// Device addresses that the table fixes.
  var fixedRanges: [AddressRange<DeviceAddress>] {
    devmem.compactMap(\.range) + memory.items.compactMap(\.fixedRange)
  }

  /// The number of the next device, also of one that is left out.
  mutating func takeDeviceIndex() throws(RemoteprocError) -> Int {
    if profile.enforces(.deviceCount), nextDevice >= policy.maximumDeviceCount {
      throw .tooManyDevices(limit: policy.maximumDeviceCount)
    }
    defer { nextDevice += 1 }
    return nextDevice
  }

  /// Checks that all memory together, with `byteCount` bytes that are given already, is within the
  /// policy.
  mutating func checkBudget(
    _ faults: inout FaultLog, besides byteCount: UInt64 = 0
  ) throws(RemoteprocError) {
    // Each is at most 2^32 and their number is bounded by the table, and the bytes that are given
    // were within the policy: the sum fits.
    var needed = byteCount
    needed += devices.reduce(0) { $0 + $1.bufferByteCount }
    for item in memory.items where item.region == nil { needed += item.byteCount }
    guard needed > policy.maximumCarveoutByteCount else { return }
    try faults.report(
      .carveoutBudget(needed: needed, limit: policy.maximumCarveoutByteCount))
    // Not even a check may ask for as much.
    memory = MemoryPlan(regions: [])
    devices = []
    faults.loseEntries()
  }
}

import SharedMemory
import WireTypes

// What a boot does when the processor sees memory through an IOMMU.
extension RemoteProcessor where Platform: ~Copyable {
  /// Puts the processor behind its IOMMU, if the platform has one.
  mutating func attachIOMMU(_ session: inout BootSession) throws(RemoteprocError) {
    guard platform.capabilities.contains(.hasIOMMU) else {
      if session.options.requiresIOMMU { try session.faults.report(.noIOMMU) }
      return
    }
    session.domain = try onPlatform { (platform) throws(PlatformError) in
      try platform.attachIOMMU()
    }
  }

  /// Removes every mapping of ours, before the memory behind it is given back.
  mutating func unmapAll(_ session: inout BootSession) {
    for mapping in session.mapped.reversed() {
      platform.unmap(mapping)
      session.domain?.forget(mapping)
    }
    session.mapped = []
  }

  /// Undoes ``attachIOMMU(_:)``; a processor that goes on running keeps what it had.
  mutating func detachIOMMU(_ session: inout BootSession) {
    guard session.domain != nil else { return }
    session.domain = nil
    if !session.isAttached { platform.detachIOMMU() }
  }

  /// Maps the device memory that the table asks for.
  mutating func mapDevmem(
    _ plan: ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) {
    for devmem in plan.devmem {
      do throws(RemoteprocError) { try map(devmem.mapping, &session) } catch {
        try session.faults.report(error, memory: devmem.name)
        session.faults.lose(devmem.name, at: devmem.range)
      }
    }
  }

  private mutating func map(
    _ mapping: IOMMUMapping, _ session: inout BootSession
  ) throws(RemoteprocError) {
    // Who started a processor that runs has mapped some of it.
    if session.isAttached,
      let range = AddressRange(start: mapping.da, byteCount: mapping.byteCount),
      session.domain?.translate(range)?.start == mapping.pa
    {
      return
    }
    do throws(IOMMUError) { try session.domain?.map(mapping) } catch { throw .iommu(error) }
    do throws(PlatformError) { try platform.map(mapping) } catch {
      // What the hardware did not take must not be undone there.
      session.domain?.forget(mapping)
      throw .platform(error)
    }
    session.mapped.append(mapping)
  }

  /// Shows memory of the host's bus to the remote: at `item`'s address, else where it lies on the
  /// bus if that is free, else at the lowest free address.
  ///
  /// Without an IOMMU the answer is `nil`.
  mutating func map(
    _ item: PlannedMemory, pa: PhysicalAddress?, _ session: inout BootSession
  ) throws(RemoteprocError) -> DeviceAddress? {
    guard let domain = session.domain else { return nil }
    guard let pa else { throw .notMappable(item.name) }
    guard let byteCount = domain.pageSizes.roundedUp(item.byteCount) else {
      throw .iommu(.wraps(item.da ?? DeviceAddress(rawValue: 0), pa: pa, byteCount: item.byteCount))
    }
    var da = item.da ?? DeviceAddress(rawValue: pa.rawValue)
    if item.da == nil {
      do throws(IOMMUError) {
        da = try domain.freeAddress(
          byteCount: byteCount,
          alignment: max(domain.pageSizes.largest(upTo: byteCount), item.alignment),
          preferring: da, avoiding: session.fixedRanges)
      } catch { throw .iommu(error) }
    }
    let mapping = IOMMUMapping(da: da, pa: pa, byteCount: byteCount, protection: item.protection)
    try map(mapping, &session)
    return da
  }

  /// Gets memory from anywhere on the host's bus, in whole pages, and maps it.
  ///
  /// Large pages need addresses that are aligned to them on both sides; when such memory is not to
  /// be had smaller pages do.
  mutating func mappedGrant(
    _ item: PlannedMemory, _ domain: IOMMUDomain, _ session: inout BootSession
  ) throws(RemoteprocError) -> MemoryGrant {
    let pages = domain.pageSizes
    let byteCount = pages.roundedUp(item.byteCount) ?? item.byteCount
    let aligned = item.request(byteCount: byteCount, alignment: pages.largest(upTo: byteCount))
    let grant = try onPlatform { (platform) throws(PlatformError) in
      do throws(PlatformError) { return try platform.allocate(aligned) } catch .outOfMemory {
        return try platform.allocate(
          item.request(byteCount: byteCount, alignment: pages.smallest))
      }
    }
    session.grants.append(grant)
    if !session.clearsWhenLoading { grant.window.clear() }
    let da = try map(item, pa: grant.pa, &session)
    return MemoryGrant(
      da: da ?? grant.da, pa: grant.pa,
      window: grant.window.window(at: 0, byteCount: item.byteCount) ?? grant.window)
  }
}

extension PlannedMemory {
  /// What the remote may do with it: with carveouts what the firmware says.
  var protection: IOMMUProtection {
    switch purpose {
    case .carveout: IOMMUProtection(tableFlags: flags)
    case .image: [.read, .write]
    case .vring, .buffers: .sharedData
    }
  }

  /// A request for memory anywhere.
  func request(byteCount: UInt64, alignment: UInt64) -> MemoryRequest {
    MemoryRequest(
      name: name, da: nil, byteCount: byteCount, alignment: max(alignment, self.alignment),
      flags: flags, purpose: purpose)
  }
}

import ResourceTable
import SharedMemory
import WireTypes

extension RemoteProcessor where Platform: ~Copyable {
  /// Gets all planned memory, in the order of the table.
  mutating func allocate(
    _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) {
    for item in plan.memory.items {
      do throws(RemoteprocError) { try allocate(item, &plan, &session) } catch {
        try session.faults.report(error, memory: item.name)
        session.faults.lose(item.name, at: item.fixedRange)
        session.carveouts.append(try Self.placeholder(of: item))
      }
    }
  }

  /// Keeps the place of memory that a check could not get; nothing lies in it.
  private static func placeholder(
    of item: PlannedMemory
  ) throws(RemoteprocError) -> Carveout {
    Carveout(
      name: item.name, da: item.da ?? DeviceAddress(rawValue: 0), pa: nil, flags: item.flags,
      purpose: item.purpose, holdsVring: item.holdsVring,
      window: try PublishedTable.privateWindow(byteCount: 0))
  }

  /// Gets one piece of planned memory, and notes what the table is to say of it.
  mutating func allocate(
    _ item: PlannedMemory, _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) {
    let carveout = try carveout(for: item, &plan, &session)
    session.carveouts.append(carveout)
    guard let fields = item.fields else { return }
    plan.patches.append((fields.pa, Self.field(carveout.pa?.rawValue ?? 0, fields.pa)))
    plan.patches.append((fields.da, Self.field(carveout.da.rawValue, fields.da)))
    plan.patches.append((fields.byteCount, Self.field(carveout.byteCount, fields.byteCount)))
  }

  private mutating func carveout(
    for item: PlannedMemory, _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) -> Carveout {
    if let region = item.region {
      let mapped = try map(item, pa: region.pa, &session)
      return Carveout(
        name: item.name, da: mapped ?? region.da ?? DeviceAddress(rawValue: UInt64(UInt32.max)),
        pa: region.pa, flags: item.flags, purpose: item.purpose, holdsVring: item.holdsVring,
        window: region.window)
    }
    let grant = try grant(item, &session)
    var da = grant.da
    if let wanted = item.da, wanted != grant.da {
      guard !plan.profile.enforces(.fixedAddress) else {
        throw .addressNotMet(item.name, requested: wanted, given: grant.da)
      }
      plan.notices.append(.addressNotMet(item.name, requested: wanted, given: grant.da))
      da = wanted
    }
    if plan.profile.enforces(.segmentAddressWidth), item.fields?.da.byteCount != 8,
      da.rawValue > UInt64(UInt32.max)
    {
      throw .addressNotExpressible(item.name, da)
    }
    return Carveout(
      name: item.name, da: da, pa: grant.pa, flags: item.flags, purpose: item.purpose,
      holdsVring: item.holdsVring, window: grant.window)
  }

  /// Gets memory and remembers to give it back; the address is the one the remote sees.
  ///
  /// It is zeroed here, or when segments are loaded.
  mutating func grant(
    _ item: PlannedMemory, _ session: inout BootSession
  ) throws(RemoteprocError) -> MemoryGrant {
    if let domain = session.domain { return try mappedGrant(item, domain, &session) }
    let grant = try onPlatform { (platform) throws(PlatformError) in
      try platform.allocate(item.request)
    }
    session.grants.append(grant)
    if !session.clearsWhenLoading { grant.window.clear() }
    return grant
  }

  /// What of `value` fits into `field`.
  static func field(_ value: UInt64, _ field: ResourceTableField) -> UInt64 {
    field.byteCount == 8 ? value : value & 0xffff_ffff
  }

  /// Copies the image's segments to where they belong, and zeroes what else was given: no byte is
  /// written twice for a segment in a carveout.
  func load(
    _ image: some FirmwareFormat, _ session: inout BootSession
  ) throws(RemoteprocError) {
    var targets: [(segment: FirmwareSegment, window: SharedWindow)] = []
    for index in 0..<image.segmentCount {
      let found: FirmwareSegment?
      do throws(RemoteprocError) { found = try image.segment(at: index) } catch {
        try session.faults.report(error)
        continue
      }
      guard let segment = found else { continue }
      guard let window = window(at: segment.da, byteCount: segment.byteCount, in: session) else {
        guard !session.faults.explains(segment.da, byteCount: segment.byteCount) else { continue }
        try session.faults.report(
          .segmentNotInMemory(
            header: segment.headerOffset, da: segment.da, byteCount: segment.byteCount))
        continue
      }
      targets.append((segment, window))
    }
    guard !session.faults.isCollecting else { return }
    let windows = targets.map(\.window)
    for grant in session.grants { grant.window.clear(except: windows) }
    session.clearsWhenLoading = false
    for (segment, window) in targets {
      window.write(segment.contents, at: 0)
      let count = segment.contents.count
      window.fill(from: count, count: window.byteCount - count, with: 0)
    }
  }
}

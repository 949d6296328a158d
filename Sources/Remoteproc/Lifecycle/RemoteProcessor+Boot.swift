import ELF
import ResourceTable
import SharedMemory
import Virtio
import WireTypes

// The steps of a boot in their order. Source: [LINUX-6.1] remoteproc.
extension RemoteProcessor where Platform: ~Copyable {
  mutating func bringUp(
    _ image: some FirmwareFormat, _ session: inout BootSession
  ) throws(RemoteprocError) {
    let image = try makeReady(image, &session)
    try prepareSubdevices(&session)
    try onPlatform { (platform) throws(PlatformError) in
      try platform.start(at: image.bootAddress)
    }
    session.isStarted = true
    try settleDevices(session)
    try startSubdevices(&session)
  }

  /// All that comes before the start; returns the image as it was loaded, which may have moved.
  @discardableResult
  mutating func makeReady<Image: FirmwareFormat>(
    _ image: Image, _ session: inout BootSession
  ) throws(RemoteprocError) -> Image {
    for fault in image.faults(session.options.profile, machine: platform.machine) {
      try session.faults.report(fault)
    }
    try attachIOMMU(&session)
    try onPlatform { (platform) throws(PlatformError) in try platform.prepare() }
    session.isPrepared = true
    session.clearsWhenLoading = true
    let image = try place(image, &session)
    bootAddress = image.bootAddress
    let source = try tableSource(of: image, &session)
    var plan = try makePlan(source, &session)
    try reserve(plan, image, source, &session)
    try mapDevmem(plan, &session)
    try allocate(&plan, &session)
    session.carveouts += [session.placed].compactMap(\.self)
    let buffers = try allocateBuffers(&plan, &session)
    try load(image, &session)
    if let source { try publish(source, &plan, &session) }
    try openTraces(plan, &session)
    try makeDevices(plan, buffers, &session)
    session.notices = platform.notices + plan.notices + session.notices
    return image
  }

  /// Undoes, last step first, what `session` says was done.
  mutating func tearDown(_ session: inout BootSession) {
    stopSubdevices(&session, crashed: false)
    if session.isStarted {
      // Only a boot or an attach that failed after the start; there is nobody left to tell.
      do throws(PlatformError) {
        if session.isAttached { try platform.detach() } else { try platform.stop() }
      } catch {}
    }
    unprepareSubdevices(&session)
    if let clean = session.cleanTable { session.table?.window.write(clean[...], at: 0) }
    unmapAll(&session)
    for grant in session.grants.reversed() { platform.release(grant) }
    session.grants = []
    if session.isPrepared {
      platform.reserve([])
      platform.unprepare()
    }
    detachIOMMU(&session)
  }

  mutating func onPlatform<Result>(
    _ body: (inout Platform) throws(PlatformError) -> Result
  ) throws(RemoteprocError) -> Result {
    do throws(PlatformError) { return try body(&platform) } catch { throw .platform(error) }
  }

  /// The table as the image holds it, read; `nil` when the firmware boots without one.
  private func tableSource(
    of image: some FirmwareFormat, _ session: inout BootSession
  ) throws(RemoteprocError) -> TableSource? {
    let options = session.options
    let isStrict = options.profile.enforces(.tableLayout)
    let source: TableSource
    do throws(RemoteprocError) {
      guard let table = try image.resourceTable(options.profile) else {
        guard options.tableIsOptional || !image.mayHoldTable else { throw .noResourceTable }
        return nil
      }
      source = try TableSource(table, version: options.tableVersion ?? (isStrict ? nil : .v1))
    } catch {
      // To Linux a table with a bad start is no table; headers outside the image are refused.
      if case .image = error {
      } else if !isStrict, options.tableIsOptional {
        return nil
      }
      try session.faults.report(error)
      session.faults.loseEntries()
      return nil
    }
    if isStrict { try source.checkLayout(&session.faults) }
    return source
  }

  /// All that the table asks for, in its order.
  mutating func makePlan(
    _ source: TableSource?, _ session: inout BootSession
  ) throws(RemoteprocError) -> ResourcePlan {
    var plan = ResourcePlan(
      profile: session.options.profile, policy: platform.policy,
      hasIOMMU: session.domain != nil, regions: platform.regions)
    guard let source else { return plan }
    let count = source.reader.entryCount
    guard count <= platform.policy.maximumEntryCount else {
      try session.faults.report(
        .table(.tooManyEntries(count: count, limit: platform.policy.maximumEntryCount)))
      session.faults.loseEntries()
      return plan
    }
    for index in 0..<count {
      do throws(RemoteprocError) { try add(index, of: source, to: &plan, &session.faults) } catch {
        try session.faults.report(error)
      }
    }
    try plan.checkRecords(of: source.reader.version, &session.faults)
    try plan.checkBudget(&session.faults, besides: session.placed?.byteCount ?? 0)
    return plan
  }

  private mutating func add(
    _ index: Int, of source: TableSource, to plan: inout ResourcePlan, _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    let entry: ResourceTableEntry
    do throws(RemoteprocError) { entry = try source.entry(at: index) } catch {
      faults.loseEntries()
      throw error
    }
    if case .vendor(let vendor) = entry.resource {
      try askPlatform(about: vendor, entry, source, &plan)
    } else {
      try plan.add(entry, of: source.reader, &faults)
    }
  }

  private mutating func askPlatform(
    about vendor: VendorResource, _ entry: ResourceTableEntry, _ source: TableSource,
    _ plan: inout ResourcePlan
  ) throws(RemoteprocError) {
    let bytes = try source.payload(of: entry)
    let answer = platform.handleVendorEntry(
      VendorEntry(type: vendor.type, offset: entry.offset + 4, bytes: bytes))
    switch answer {
    case .handled: break
    case .ignored:
      plan.notices.append(.vendorEntryIgnored(type: vendor.type, offset: entry.offset))
    case .refused(let errno): throw .vendorEntryRefused(type: vendor.type, errno: errno)
    }
  }

  /// Tells the platform which addresses the image fixes, after checking that they are disjoint.
  ///
  /// Behind an IOMMU they say nothing about where memory lies on the bus.
  private mutating func reserve(
    _ plan: ResourcePlan, _ image: some FirmwareFormat, _ source: TableSource?,
    _ session: inout BootSession
  ) throws(RemoteprocError) {
    let segments = Self.ranges(of: image)
    try plan.checkOverlap(segments: segments, table: source?.range, &session.faults)
    session.fixedRanges = plan.fixedRanges + segments.map(\.range)
    if session.domain == nil { platform.reserve(session.fixedRanges) }
  }

  /// Where segments go; one that cannot be loaded is left to the loading to report.
  static func ranges(
    of image: some FirmwareFormat
  ) -> [(header: Int, range: AddressRange<DeviceAddress>)] {
    (0..<image.segmentCount).compactMap { index in
      do throws(RemoteprocError) {
        guard let segment = try image.segment(at: index) else { return nil }
        let range = AddressRange(start: segment.da, byteCount: segment.byteCount)
        return range.map { (segment.headerOffset, $0) }
      } catch { return nil }
    }
  }
}

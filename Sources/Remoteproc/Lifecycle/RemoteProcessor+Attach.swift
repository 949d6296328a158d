import ResourceTable
import SharedMemory
import Virtio
import WireTypes

// Taking over a processor that somebody else has started.
extension RemoteProcessor where Platform: ~Copyable {
  /// Takes over a processor that runs; one that is attached already only gets one more user.
  ///
  /// Its resource table is used where it lies. A copy of it, as it was found, is written back by
  /// ``detach()``.
  ///
  /// - Throws: ``RemoteprocError``, with the processor, and its table, as they were.
  public mutating func attach(options: BootOptions = BootOptions()) throws(RemoteprocError) {
    switch phase {
    case .detached: break
    // One that was stopped may have been started again by others since.
    case .offline where platform.runsAlready: break
    case .running(let session) where session.isAttached: return try addUser(to: session)
    case .offline, .deleted, .running, .suspended, .crashed:
      throw .illegalTransition(.attach, from: state)
    }
    var session = BootSession(options: options, image: nil)
    do throws(RemoteprocError) { try takeOver(&session) } catch {
      tearDown(&session)
      throw error
    }
    phase = .running(session)
  }

  /// Ends one use of an attached processor; the last one lets go of it and leaves it running.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless attached, or
  ///   ``RemoteprocError/platform(_:)``, with it still attached and its sub-devices stopped.
  public mutating func detach() throws(RemoteprocError) {
    guard case .running(var session) = phase, session.isAttached else {
      throw .illegalTransition(.detach, from: state)
    }
    if session.userCount > 1 {
      session.userCount -= 1
      phase = .running(session)
      return
    }
    stopSubdevices(&session, crashed: false)
    for device in session.devices { device.reset() }
    do throws(PlatformError) { try platform.detach() } catch {
      keep(session)
      throw .platform(error)
    }
    session.isStarted = false
    tearDown(&session)
    phase = .detached
  }

  private mutating func takeOver(_ session: inout BootSession) throws(RemoteprocError) {
    try attachIOMMU(&session)
    try onPlatform { (platform) throws(PlatformError) in try platform.prepare() }
    session.isPrepared = true
    let found = try loadedTable(&session)
    var plan = try makePlan(found?.source, &session)
    try plan.checkOverlap(segments: [], table: found?.source.range, &session.faults)
    session.fixedRanges = plan.fixedRanges + (found?.source.range.map { [$0] } ?? [])
    if session.domain == nil { platform.reserve(session.fixedRanges) }
    try mapDevmem(plan, &session)
    try adopt(&plan, &session)
    let buffers = try allocateBuffers(&plan, &session)
    if let found {
      session.cleanTable = found.source.reader.bytes
      try publish(found.source, in: found.window, &plan, &session)
    }
    try openTraces(plan, &session)
    try makeDevices(plan, buffers, &session)
    session.notices = plan.notices + session.notices
    forgetLastHost(&session)
    try prepareSubdevices(&session)
    try onPlatform { (platform) throws(PlatformError) in try platform.attach() }
    session.isStarted = true
    try settleDevices(session)
    try startSubdevices(&session)
  }

  /// The table of the firmware that runs: a private copy, and the bytes themselves.
  private func loadedTable(
    _ session: inout BootSession
  ) throws(RemoteprocError) -> (source: TableSource, window: SharedWindow)? {
    let options = session.options
    guard let range = platform.loadedTable else {
      guard options.tableIsOptional else { throw .noLoadedTable }
      return nil
    }
    guard range.byteCount <= 1 << 20,
      let window = window(at: range.start, byteCount: range.byteCount, in: session)
    else {
      throw .loadedTableNotReadable(range.start, byteCount: range.byteCount)
    }
    let table = FirmwareTable(bytes: window.sampleBytes(window.byteCount), da: range.start)
    let isStrict = options.profile.enforces(.tableLayout)
    let source = try TableSource(
      table, version: options.tableVersion ?? (isStrict ? nil : .v1))
    if isStrict { try source.checkLayout(&session.faults) }
    return (source, window)
  }

  /// Finds the memory that the firmware uses already, and gets what it has not been given yet.
  private mutating func adopt(
    _ plan: inout ResourcePlan, _ session: inout BootSession
  ) throws(RemoteprocError) {
    for item in plan.memory.items {
      guard item.region == nil, let range = item.fixedRange else {
        try allocate(item, &plan, &session)
        continue
      }
      guard let window = window(at: range.start, byteCount: range.byteCount, in: session) else {
        throw .platform(.addressNotAvailable(range.start, byteCount: range.byteCount))
      }
      session.carveouts.append(
        Carveout(
          name: item.name, da: range.start, pa: session.domain?.translate(range.start),
          flags: item.flags, purpose: item.purpose, holdsVring: item.holdsVring, window: window))
    }
  }

  /// Writes what the host has decided into the live table, field by field: the remote may be
  /// writing the rest.
  private mutating func publish(
    _ source: TableSource, in window: SharedWindow, _ plan: inout ResourcePlan,
    _ session: inout BootSession
  ) throws(RemoteprocError) {
    addRingAddresses(&plan, session)
    let bytes = try source.patched(plan.patches)
    for patch in plan.patches {
      let end = patch.field.offset + patch.field.byteCount
      window.write(bytes[patch.field.offset..<end], at: patch.field.offset)
    }
    session.table = PublishedTable(
      da: source.da, isVisible: true, window: window,
      settled: SettledTable(bytes, of: source.reader))
  }

  /// Resets devices that an earlier host may have left active, and empties their rings.
  private func forgetLastHost(_ session: inout BootSession) {
    for device in session.devices {
      let status = device.device.entry.status
      if status != [] {
        session.notices.append(.deviceWasActive(index: device.device.index, status: status))
      }
      device.reset()
      for ring in device.device.vrings {
        ring.memory.fill(from: 0, count: ring.memory.byteCount, with: 0)
      }
    }
  }
}

public import Remoteproc
public import Scheduling
import SharedMemory
import SimulatedSoC
public import WireTypes

// A core that runs without the host, and what the host asks of one that it runs.
extension SimulatorPlatform {
  /// How long a core that crashed may take until it runs again by itself.
  static var restartTimeout: Duration { .seconds(5) }

  /// Starts `image` as a boot loader would, before any host comes: its segments are in memory, its
  /// table in place, and the core waits for the host at the other end of the rings.
  ///
  /// A ``RemoteProcessor`` that is then made of this platform begins detached.
  ///
  /// - Throws: ``SimulatorError/image(_:)``, ``SimulatorError/outsideMemory(_:byteCount:)``, or
  ///   ``SimulatorError/chip(_:)`` when the core runs already.
  public mutating func preload(_ image: some FirmwareFormat) throws(SimulatorError) {
    let table: FirmwareTable?
    do throws(RemoteprocError) {
      try image.check(.default, machine: machine)
      table = try image.resourceTable(.default)
    } catch { throw .image(error) }
    let range = try table.map { (table) throws(SimulatorError) in try loadTable(table, of: image) }
    if range == nil { try loadSegments(of: image) }
    do throws(ChipError) { try chip.start(at: image.bootAddress) } catch { throw .chip(error) }
    if let range { chip.setLoadedTable(range) }
  }

  /// Loads `image` with `table` at its place, which segments need not cover.
  private func loadTable(
    _ table: FirmwareTable, of image: some FirmwareFormat
  ) throws(SimulatorError) -> AddressRange<DeviceAddress> {
    try loadSegments(of: image)
    let byteCount = UInt64(table.bytes.count)
    let window = try window(at: table.da, byteCount: byteCount)
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    unsafe window.copyIn(table.bytes.span.bytes, at: 0)
    guard let range = AddressRange(start: table.da, byteCount: byteCount) else {
      throw .outsideMemory(table.da, byteCount: byteCount)
    }
    return range
  }

  private func loadSegments(of image: some FirmwareFormat) throws(SimulatorError) {
    for index in 0..<image.segmentCount {
      let segment: FirmwareSegment?
      do throws(RemoteprocError) { segment = try image.segment(at: index) } catch {
        throw .image(error)
      }
      guard let segment else { continue }
      let window = try window(at: segment.da, byteCount: segment.byteCount)
      // SAFETY: as above.
      unsafe window.copyIn(segment.contents.span.bytes, at: 0)
      let count = segment.contents.count
      window.fill(from: count, count: window.byteCount - count, with: 0)
    }
  }

  private func window(
    at da: DeviceAddress, byteCount: UInt64
  ) throws(SimulatorError) -> SharedWindow {
    guard let range = AddressRange(start: da, byteCount: byteCount), let window = translate(range)
    else { throw .outsideMemory(da, byteCount: byteCount) }
    return window
  }

  /// Whether the core executes now; waits for one that is about to start by itself.
  func isRunningByItself() throws(PlatformError) -> Bool {
    switch chip.activity {
    case .stopped, .ended: return false
    case .running, .suspended: return true
    case .restarting:
      let deadline = MonotonicTime.now.advanced(by: Self.restartTimeout)
      guard chip.waitForRestart(until: deadline) else {
        throw .timedOut(.prepare, after: Self.restartTimeout)
      }
      return true
    }
  }

  /// Whether the core was started by ``preload(_:)``, or by itself.
  public var runsAlready: Bool {
    switch chip.activity {
    case .running, .suspended, .restarting: true
    case .stopped, .ended: false
    }
  }

  /// Where the firmware, or what booted it, says that its resource table lies.
  public var loadedTable: AddressRange<DeviceAddress>? { chip.loadedTable }

  /// Takes over a core that runs.
  ///
  /// - Throws: ``PlatformError/system(_:errno:)`` unless it does.
  public mutating func attach() throws(PlatformError) {
    guard try isRunningByItself() else { throw .system(.attach, errno: 19 /* ENODEV */) }
  }

  /// Leaves the core running.
  public mutating func detach() throws(PlatformError) {}

  /// Asks by the register `REQUEST` of the doorbell.
  public mutating func ask(
    _ request: RemoteRequest, until deadline: MonotonicTime
  ) -> RemoteAnswer {
    RemoteAnswer(chip.request(HostRequest(request), until: deadline))
  }

  /// Lets the core stand still.
  ///
  /// - Throws: ``PlatformError/system(_:errno:)`` unless it runs.
  public mutating func suspend() throws(PlatformError) {
    do throws(ChipError) { try chip.suspend() } catch {
      throw .system(.suspend, errno: 19 /* ENODEV */)
    }
  }

  /// Lets the core go on.
  ///
  /// - Throws: ``PlatformError/system(_:errno:)`` unless it runs.
  public mutating func resume() throws(PlatformError) {
    do throws(ChipError) { try chip.resume() } catch {
      throw .system(.resume, errno: 19 /* ENODEV */)
    }
  }
}

extension HostRequest {
  fileprivate init(_ request: RemoteRequest) {
    self =
      switch request {
      case .suspend: .suspend
      case .resume: .resume
      case .shutdown: .shutdown
      }
  }
}

extension RemoteAnswer {
  fileprivate init(_ answer: HostRequestAnswer) {
    self =
      switch answer {
      case .acknowledged: .acknowledged
      case .refused: .refused
      case .notListening: .notListening
      case .timedOut: .timedOut
      case .stopped: .gone
      // The life cycle asks one thing at a time, so this is somebody who uses the chip directly.
      case .busy: .refused
      }
  }
}

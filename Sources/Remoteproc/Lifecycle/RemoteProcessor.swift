public import SharedMemory
public import WireTypes

/// One remote processor: its life cycle, and the memory, traces and virtio devices of its firmware.
///
/// A value with a single owner; nothing here locks or blocks for long except the platform. Every
/// step of a boot has an undo: a boot that fails leaves nothing allocated, powered or started.
///
/// Message drivers bind to ``devices`` after a boot, and must have let go before ``shutdown(gracePeriod:)``.
/// Whoever drops a running processor relies on the platform to stop it.
public struct RemoteProcessor<Platform: PlatformDriver & ~Copyable>: ~Copyable {
  enum Phase {
    case offline
    case detached
    case deleted
    /// Booted, or attached to.
    case running(BootSession)
    case suspended(BootSession)
    case crashed(BootSession, CrashReport)
  }

  /// What reaches the hardware.
  public internal(set) var platform: Platform
  /// Where execution started at the last boot that came so far; `nil` before.
  public internal(set) var bootAddress: DeviceAddress?
  /// What the firmware said when it was last asked to shut down; `nil` before.
  public internal(set) var lastShutdownAnswer: RemoteAnswer?
  var phase: Phase
  var subdevices: [any Subdevice] = []

  /// Makes a processor that is offline, or detached if the platform says that it runs already.
  public init(platform: consuming Platform) {
    phase = platform.runsAlready ? .detached : .offline
    self.platform = platform
  }

  /// Where the processor is in its life.
  public var state: ProcessorState {
    switch phase {
    case .offline: .offline
    case .detached: .detached
    case .deleted: .deleted
    case .running(let session): session.isAttached ? .attached : .running
    case .suspended: .suspended
    case .crashed(_, let report): .crashed(report)
    }
  }

  /// How often a boot or an attach must still be answered by a shutdown or a detach.
  public var userCount: UInt32 { session?.userCount ?? 0 }

  var session: BootSession? {
    switch phase {
    case .offline, .detached, .deleted: nil
    case .running(let session), .suspended(let session), .crashed(let session, _): session
    }
  }

  /// Memory with names, in the order of allocation; empty while nothing is booted.
  public var carveouts: [Carveout] { session?.carveouts ?? [] }
  /// Trace buffers in the order of the table; empty while nothing is booted.
  public var traces: [TraceBuffer] { session?.traces ?? [] }
  /// Virtio devices in the order of the table; empty while nothing is booted.
  public var devices: [Vdev] { session?.devices ?? [] }
  /// The resource table; `nil` while nothing is booted or when the firmware has none.
  public var table: PublishedTable? { session?.table }
  /// What the processor sees through its IOMMU; `nil` while nothing is booted or without one.
  public var iommu: IOMMUDomain? { session?.domain }
  /// What was odd about the firmware; empty while nothing is booted.
  public var notices: [BootNotice] { session?.notices ?? [] }
  /// How the remote is told about vrings; any thread may use a copy.
  public var doorbell: Platform.Bell { platform.doorbell }

  /// Memory the remote sees at `range`, or `nil` unless all of it is in one piece.
  public func window(at range: AddressRange<DeviceAddress>) -> SharedWindow? {
    guard let session else { return nil }
    return window(at: range.start, byteCount: range.byteCount, in: session)
  }

  func window(
    at da: DeviceAddress, byteCount: UInt64, in session: BootSession
  ) -> SharedWindow? {
    // The platform first, as it knows its hardware best. Source: practice (Linux remoteproc).
    if let range = AddressRange(start: da, byteCount: byteCount),
      let window = platform.translate(range)
    {
      return window
    }
    let carveouts = session.carveouts
    if let window = carveouts.window(at: da, byteCount: byteCount, width: session.addressWidth) {
      return window
    }
    // Device memory, which has no window of its own.
    return AddressRange(start: da, byteCount: byteCount)
      .flatMap { session.domain?.translate($0) }.flatMap { platform.window(at: $0) }
  }

  /// Calls `body` with the platform.
  ///
  /// Meant for what only this kind of platform has, such as statistics; the life cycle belongs to
  /// the processor.
  public mutating func withPlatform<Result, Failure: Error>(
    _ body: (inout Platform) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(&platform)
  }
}

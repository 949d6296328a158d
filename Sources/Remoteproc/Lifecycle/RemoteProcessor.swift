public import SharedMemory
public import WireTypes

/// One remote processor: its life cycle, and the memory, traces and virtio devices of its firmware.
///
/// A value with a single owner; nothing here locks or blocks for long except the platform. Every
/// step of a boot has an undo: a boot that fails leaves nothing allocated, powered or started.
///
/// Message drivers bind to ``devices`` after a boot, and must have let go before ``shutdown()``.
/// Whoever drops a running processor relies on the platform to stop it.
public struct RemoteProcessor<Platform: PlatformDriver & ~Copyable>: ~Copyable {
  private enum Phase {
    case offline
    case running(BootSession, userCount: UInt32)
    case crashed(BootSession, CrashReport)
  }

  /// What reaches the hardware.
  public internal(set) var platform: Platform
  /// Where execution started at the last boot that came so far; `nil` before.
  public internal(set) var bootAddress: DeviceAddress?
  private var phase = Phase.offline

  /// Makes a processor that is offline.
  public init(platform: consuming Platform) { self.platform = platform }

  /// Where the processor is in its life.
  public var state: ProcessorState {
    switch phase {
    case .offline: .offline
    case .running: .running
    case .crashed(_, let report): .crashed(report)
    }
  }

  /// How often ``boot(_:options:)`` must be answered by ``shutdown()``.
  public var userCount: UInt32 {
    if case .running(_, let count) = phase { count } else { 0 }
  }

  private var session: BootSession? {
    switch phase {
    case .offline: nil
    case .running(let session, _), .crashed(let session, _): session
    }
  }

  /// Memory with names, in the order of allocation; empty while offline.
  public var carveouts: [Carveout] { session?.carveouts ?? [] }
  /// Trace buffers in the order of the table; empty while offline.
  public var traces: [TraceBuffer] { session?.traces ?? [] }
  /// Virtio devices in the order of the table; empty while offline.
  public var devices: [Vdev] { session?.devices ?? [] }
  /// The resource table; `nil` while offline or when the firmware has none.
  public var table: PublishedTable? { session?.table }
  /// What was odd about the firmware; empty while offline.
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
    return session.carveouts.window(at: da, byteCount: byteCount, width: session.addressWidth)
  }

  /// Loads and starts firmware; a processor that runs only gets one more user.
  ///
  /// - Throws: ``RemoteprocError``, with the processor as it was.
  public mutating func boot(
    _ image: some FirmwareFormat, options: BootOptions = BootOptions()
  ) throws(RemoteprocError) {
    switch phase {
    case .offline: break
    case .running(let session, let count):
      guard count < .max else { throw .tooManyUsers(count) }
      phase = .running(session, userCount: count + 1)
      return
    case .crashed: throw .illegalTransition(.boot, from: state)
    }
    bootAddress = nil
    var session = BootSession(options: options, bootAddress: image.bootAddress)
    do throws(RemoteprocError) { try bringUp(image, &session) } catch {
      tearDown(&session)
      throw error
    }
    phase = .running(session, userCount: 1)
  }

  /// Ends one use; the last one stops the processor and gives back all it had.
  ///
  /// A crashed processor stops at once, whatever its users.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` while offline, or
  ///   ``RemoteprocError/platform(_:)`` when it does not stop; it then runs on, with its virtio
  ///   devices reset.
  public mutating func shutdown() throws(RemoteprocError) {
    switch phase {
    case .offline: throw .illegalTransition(.shutdown, from: .offline)
    case .running(let session, let count) where count > 1:
      phase = .running(session, userCount: count - 1)
    case .running(var session, _), .crashed(var session, _):
      for device in session.devices { device.reset() }
      do throws(PlatformError) { try platform.stop() } catch { throw .platform(error) }
      session.isStarted = false
      tearDown(&session)
      phase = .offline
    }
  }

  /// Notes that the processor crashed; returns `false`, and changes nothing, unless it was running.
  ///
  /// Its memory stays as it is until ``shutdown()``.
  @discardableResult
  public mutating func crash(_ report: CrashReport) -> Bool {
    guard case .running(let session, _) = phase else { return false }
    phase = .crashed(session, report)
    return true
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

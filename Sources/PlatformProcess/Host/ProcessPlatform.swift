public import Remoteproc
import Scheduling
public import SharedMemory
public import WireTypes

/// A remote processor that is a process of this system: open-amp's two-process programs, or one of
/// this package.
///
/// The remote writes its own resource table, so a ``RemoteProcessor`` of this platform begins
/// detached and is attached to, not booted. With a program the platform starts it for each attach;
/// without, the remote must be there, listening. A crash, also the end of the connection, goes to
/// the inbox; recovery attaches anew. What the program prints is its console.
public struct ProcessPlatform: PlatformDriver, ~Copyable {
  /// How long a remote may take until it listens.
  public var connectTimeout: Duration = .seconds(5)
  /// How long a program that is stopped may take until it is killed.
  public var stopTimeout: Duration = .milliseconds(500)

  /// Where the two processes meet.
  public let link: ProcessLink
  private let program: ProcessProgram?
  private let inbox: ProcessorInbox
  private let file: SharedFile
  private var memory: DeviceMemoryPool
  private var child: ChildProcess?
  private var connection: PeerConnection?
  /// Waits for the other process; its threads may sleep for long.
  private let threads = WorkerPool(name: "peer", threadCount: 2)
  /// The program was let go of, and is not to be stopped.
  private var isLetGo = false

  /// A remote that is started for each attach.
  ///
  /// - Throws: ``ProcessError``, also when another host uses the file.
  public init(
    running program: ProcessProgram, link: ProcessLink, inbox: ProcessorInbox
  ) throws(ProcessError) {
    self.init(program, link, inbox, try SharedFile(link, as: .maker))
  }

  /// A remote that somebody else starts; its shared file must be there.
  ///
  /// - Throws: ``ProcessError``, also when another host uses the file.
  public init(joining link: ProcessLink, inbox: ProcessorInbox) throws(ProcessError) {
    self.init(nil, link, inbox, try SharedFile(link, as: .visitor))
  }

  private init(
    _ program: ProcessProgram?, _ link: ProcessLink, _ inbox: ProcessorInbox,
    _ file: SharedFile
  ) {
    self.program = program
    self.link = link
    self.inbox = inbox
    self.file = file
    let start = UInt64(ProcessLink.poolOffset)
    let window = file.region.window
    let byteCount = UInt64(window.byteCount)
    guard byteCount > start, let pool = window.window(at: start, byteCount: byteCount - start)
    else { preconditionFailure("the file has room for buffers: checked when it was opened") }
    memory = DeviceMemoryPool(
      base: DeviceAddress(rawValue: start), physicalBase: PhysicalAddress(rawValue: start),
      memory: pool, placement: .packed)
  }

  /// All of the shared file; address 0 is its first byte.
  public var window: SharedWindow { file.region.window }

  /// Whether kicks go through shared words, not through the socket.
  public var usesSharedDoorbell: Bool { connection?.line.shared != nil }

  /// Kicks the other process while there is a connection.
  public var doorbell: ProcessBell { ProcessBell(line: connection?.line) }

  /// A crashed remote is attached to anew.
  public var capabilities: PlatformCapabilities { [.attachOnRecovery] }

  /// Always: there is nothing to load, and a program is started for each attach.
  public var runsAlready: Bool { true }

  /// The start of the file, up to the first thing that the layout has there.
  public var loadedTable: AddressRange<DeviceAddress>? {
    AddressRange(
      start: DeviceAddress(rawValue: 0), byteCount: UInt64(ProcessLink.tableByteCount))
  }

  /// Starts the program unless it runs, and connects to it; its table is there then.
  ///
  /// - Throws: ``PlatformError/timedOut(_:after:)`` when nobody listens in time,
  ///   ``PlatformError/ended(_:code:)`` when the program ended before it did, or
  ///   ``PlatformError/system(_:errno:)``.
  public mutating func prepare() throws(PlatformError) {
    do throws(ProcessError) { try connect() } catch {
      release()
      throw PlatformError(error, .prepare)
    }
  }

  private mutating func connect() throws(ProcessError) {
    isLetGo = false
    if let program, child?.status() != nil || child == nil {
      child = nil
      file.region.clear()
      child = try ChildProcess(program, link)
    }
    let socket = try findListener()
    let doorbell = SharedDoorbell(of: file, .host)
    let isShared =
      link.prefersSharedDoorbell && doorbell.accept(from: socket.peerProcess)
    let line = KickLine(socket, shared: isShared ? doorbell : nil)
    connection = PeerConnection(
      line, try PeerWatcher(line, child: child, inbox: inbox, pool: threads))
  }

  /// Connects as soon as somebody listens.
  private func findListener() throws(ProcessError) -> PeerSocket {
    let deadline = MonotonicTime.now.advanced(by: connectTimeout)
    var pause = Duration.microseconds(500)
    while true {
      if let socket = try PeerSocket.connect(to: link.socket) { return socket }
      if let end = child?.status() { throw .programEnded(end) }
      guard MonotonicTime.now < deadline else {
        throw .timedOut(.connect, after: connectTimeout)
      }
      let next = min(deadline, .now.advanced(by: pause))
      if let child {
        // A program that prints much would wait for us before it listens.
        child.waitForNews(until: next)
        child.passAllOutput(to: inbox)
      } else {
        FutexWord().wait(while: 0, until: next)
      }
      pause = min(pause * 2, .milliseconds(20))
    }
  }

  /// Ends the connection; a program that was not let go of is stopped if it still runs.
  public mutating func unprepare() { release() }

  private mutating func release() {
    connection = nil
    guard !isLetGo, let child else { return }
    // It was asked to stop before, unless it crashed in a way that leaves it running.
    do throws(ProcessError) { try child.stop(within: .zero) } catch {}
    self.child = nil
  }

  /// Keeps memory without a fixed address away from `ranges`.
  public mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) { memory.reserve(ranges) }

  /// Gives memory of the file behind the rings.
  ///
  /// - Throws: as ``DeviceMemoryPool/allocate(_:)``.
  public mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    try memory.allocate(request)
  }

  /// Takes memory back.
  public mutating func release(_ grant: MemoryGrant) { memory.release(grant) }

  /// The file, all of which the remote sees.
  public func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
    file.region.window.window(at: range.start.rawValue, byteCount: range.byteCount)
  }

  /// Not possible: the remote loads and starts itself.
  public mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    throw .notSupported(.start)
  }

  /// Takes over the remote that ``prepare()`` has connected to.
  ///
  /// - Throws: ``PlatformError/ended(_:code:)`` when it is gone already.
  public mutating func attach() throws(PlatformError) {
    if let end = child?.status() { throw PlatformError(.programEnded(end), .attach) }
  }

  /// Ends the connection and leaves the program running.
  public mutating func detach() throws(PlatformError) {
    isLetGo = true
    connection = nil
  }

  /// Ends the connection, and the program if it was started here: it is asked by `SIGTERM`, and
  /// killed if that does not help.
  ///
  /// - Throws: ``PlatformError/system(_:errno:)`` when the system cannot end it.
  public mutating func stop() throws(PlatformError) {
    connection = nil
    do throws(ProcessError) { try child?.stop(within: stopTimeout) } catch {
      throw PlatformError(error, .stop)
    }
  }

  /// The shared file: the program's own memory is out of reach.
  public var dumpSegments: [DumpSegment] {
    [
      DumpSegment(
        name: WireName("shared" as StaticString), da: DeviceAddress(rawValue: 0),
        byteCount: UInt64(link.byteCount), window: file.region.window)
    ]
  }
}

/// A connection that somebody watches; it ends with its last owner.
private final class PeerConnection: Sendable {
  let line: KickLine
  private let watcher: PeerWatcher

  init(_ line: KickLine, _ watcher: PeerWatcher) {
    self.line = line
    self.watcher = watcher
  }

  deinit {
    watcher.stop()
    line.socket.close()
    // A remote that sleeps on the shared word looks at the socket then.
    line.shared?.kick()
  }
}

extension PlatformError {
  fileprivate init(_ error: ProcessError, _ operation: Operation) {
    self =
      switch error {
      case .timedOut(_, let time): .timedOut(operation, after: time)
      case .programEnded(.exited(let code)): .ended(operation, code: code)
      case .programEnded(.killed(let signal)): .ended(operation, code: -signal)
      case .system(_, let errno): .system(operation, errno: errno)
      case .badPath, .badSize, .fileTooShort, .inUse, .memory, .peerGone, .table, .device, .rings:
        .system(operation, errno: 22 /* EINVAL */)
      }
  }
}

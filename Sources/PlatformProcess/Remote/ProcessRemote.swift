import Glibc
public import RPMsg
import ResourceTable
public import Scheduling
public import SharedMemory
public import Virtio
import Vring
import WireTypes

/// The remote's side of two processes: makes the resource table, listens, and plays the virtio
/// device for the host that connects.
///
/// ```swift
/// var remote = try ProcessRemote(ProcessLink(environment: environment))
/// try remote.waitForDriver(until: nil)
/// var messages = try remote.makeRPMsg()
/// ```
///
/// One owner; nothing here has a thread. When the host is gone, or has reset the device, make the
/// next connection with ``listen()``.
public struct ProcessRemote: ~Copyable {
  /// What a wait ended with.
  public enum Wake: Equatable, Sendable {
    /// The host has kicked, or may have: look at the rings.
    case kicked
    /// Nothing came in time.
    case timedOut
    /// The host has reset the device: its driver is gone, its process perhaps not.
    case reset
    /// The host has closed the connection.
    case peerGone
  }

  /// Where the two processes meet.
  public let link: ProcessLink
  private let options: ProcessRemoteOptions
  private let file: SharedFile
  private let ownDoorbell: SharedDoorbell
  private var listener: PeerListener?
  private var line: KickLine?
  /// The connection, before it is known how kicks come.
  private var socket: PeerSocket?

  /// Writes the resource table and listens for the host.
  ///
  /// - Throws: ``ProcessError``.
  public init(
    _ link: ProcessLink, options: ProcessRemoteOptions = ProcessRemoteOptions()
  ) throws(ProcessError) {
    let file = try SharedFile(link, as: .remote)
    let listener = try Self.listen(link, options, file)
    self.init(link, options, file, listener)
  }

  private init(
    _ link: ProcessLink, _ options: ProcessRemoteOptions, _ file: SharedFile,
    _ listener: consuming PeerListener
  ) {
    self.listener = consume listener
    self.link = link
    self.options = options
    self.file = file
    ownDoorbell = SharedDoorbell(of: file, .remote)
  }

  /// All of the shared file; address 0 is its first byte.
  public var window: SharedWindow { file.region.window }

  /// Ends the connection, if there is one; makes the table anew and listens.
  ///
  /// - Throws: ``ProcessError``.
  public mutating func listen() throws(ProcessError) {
    disconnect()
    listener = nil
    listener = try Self.listen(link, options, file)
  }

  private static func listen(
    _ link: ProcessLink, _ options: ProcessRemoteOptions, _ file: SharedFile
  ) throws(ProcessError) -> PeerListener {
    let table: [UInt8]
    do throws(ResourceTableError) { table = try makeTable(options) } catch {
      throw .table(error)
    }
    guard table.count <= ProcessLink.tableByteCount else {
      throw .table(
        .truncated(
          offset: 0, needed: table.count, available: ProcessLink.tableByteCount))
    }
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    unsafe file.region.window.copyIn(table.span.bytes, at: 0)
    SharedDoorbell(of: file, .remote).offer(link.prefersSharedDoorbell ? getpid() : nil)
    return try PeerListener(path: link.socket)
  }

  private static func makeTable(
    _ options: ProcessRemoteOptions
  ) throws(ResourceTableError) -> [UInt8] {
    var builder = ResourceTableBuilder()
    // Ids 1 and 2 as in the common table.
    let rings = zip(ProcessLink.ringOffsets, [UInt32(1), 2]).map { offset, id in
      VringResource(
        da: DeviceAddress(rawValue: UInt64(offset)), alignment: options.alignment,
        count: options.queueSize, notifyID: NotifyID(rawValue: id))
    }
    builder.add(
      .vdev(
        VdevResource(
          deviceID: VirtioDeviceID.rpmsg.rawValue,
          deviceFeatures: UInt32(truncatingIfNeeded: options.features.rawValue)),
        vrings: rings, config: options.config))
    return try builder.build()
  }

  /// The device's entry in the table.
  ///
  /// - Throws: ``ProcessError/device(_:)``.
  public func entry() throws(ProcessError) -> VirtioDeviceEntry<SharedWindow> {
    // The only entry comes right after the header, and its type before what is read here.
    do throws(VirtioError) {
      return try VirtioDeviceEntry(memory: window, offset: 0x14 + 4)
    } catch { throw .device(error) }
  }

  /// Waits until the host has connected and its driver is ready.
  ///
  /// - Throws: ``ProcessError/timedOut(_:after:)``, or ``ProcessError/peerGone`` when the host
  ///   connects and goes away before its driver is ready; listen again then.
  public mutating func waitForDriver(until deadline: MonotonicTime?) throws(ProcessError) {
    let start = MonotonicTime.now
    if socket == nil {
      guard let socket = try listener?.accept(until: deadline) else {
        throw .timedOut(.accept, after: MonotonicTime.now.since(start))
      }
      self.socket = socket
      listener = nil
    }
    guard let socket else { throw .peerGone }
    let entry = try entry()
    while !entry.isDriverReady {
      let now = MonotonicTime.now
      if let deadline, now >= deadline {
        throw .timedOut(.waitForDriver, after: now.since(start))
      }
      // The host may set the status without a kick.
      let next = now.advanced(by: .milliseconds(1))
      socket.wait(until: deadline.map { min($0, next) } ?? next)
      if socket.drain() == .closed { throw .peerGone }
    }
    line = KickLine(socket, shared: ownDoorbell.isAccepted ? ownDoorbell : nil)
  }

  /// How the host is kicked; without effect before ``waitForDriver(until:)``.
  public var doorbell: ProcessBell { ProcessBell(line: line) }

  /// Whether kicks go through shared words, not through the socket.
  public var usesSharedDoorbell: Bool { line?.shared != nil }

  /// rpmsg on the rings of the device.
  ///
  /// - Throws: ``ProcessError/rings(_:)`` when they cannot be used.
  /// - Precondition: ``waitForDriver(until:)`` has returned, and `endpointCapacity` is positive.
  public func makeRPMsg(
    endpointCapacity: Int = 8
  ) throws(ProcessError) -> RPMsgRemote<SharedWindow, ProcessBell> {
    let reachable = MappedMemory(memory: window, start: DeviceAddress(rawValue: 0))
    let table = AddressRange(
      start: DeviceAddress(rawValue: 0), byteCount: UInt64(ProcessLink.ringOffsets[0]))
    do throws(RPMsgError) {
      return try RPMsgRemote(
        entry: try entryOfRings(), reachable: reachable, program: table, doorbell: doorbell,
        endpointCapacity: endpointCapacity)
    } catch { throw .rings(error) }
  }

  private func entryOfRings() throws(RPMsgError) -> VirtioDeviceEntry<SharedWindow> {
    do throws(ProcessError) { return try entry() } catch { throw .missingVrings(count: 0) }
  }

  /// The number to give ``wait(after:for:)``; ask before looking at the rings.
  public var kicksSeen: UInt32 { line?.shared?.seen ?? 0 }

  /// Waits for a kick since `seen`, at most for `time`.
  ///
  /// What was kicked before is not remembered when kicks are shared words: ask ``kicksSeen``, look
  /// at the rings, then wait.
  public func wait(after seen: UInt32, for time: Duration) -> Wake {
    guard let line else { return .peerGone }
    if let shared = line.shared {
      shared.sleep(while: seen, for: time)
      let isKicked = shared.seen != seen
      if line.socket.drain() == .closed { return .peerGone }
      return state(isKicked)
    }
    line.socket.wait(until: .now.advanced(by: time))
    switch line.socket.drain() {
    case .kicked: return state(true)
    case .nothing: return state(false)
    case .closed: return .peerGone
    }
  }

  private func state(_ isKicked: Bool) -> Wake {
    do throws(ProcessError) {
      if try !entry().isDriverReady { return .reset }
    } catch { return .reset }
    return isKicked ? .kicked : .timedOut
  }

  private mutating func disconnect() {
    socket?.close()
    socket = nil
    line = nil
  }
}

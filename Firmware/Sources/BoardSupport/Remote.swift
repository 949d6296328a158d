public import RPMsg
public import SharedMemory
import Virtio
import Vring
public import WireTypes

/// The rpmsg device of this firmware, from the wait for the host to the last message.
///
/// Whatever makes it useless is traced and reported as a crash: firmware has nobody else to tell.
public struct Remote: ~Copyable {
  /// Sends the answers of a handler.
  public typealias Transmitter = RPMsgDeviceTransmitter<SharedWindow>

  private static var watchdogMilliseconds: UInt32 { 1000 }

  private var messages: RPMsgRemote<SharedWindow, DoorbellDevice>
  private let wait: Core.Wait

  /// Which resource table of version 1 is linked into the image.
  public struct Table: Sendable {
    /// Where the virtio device's entry starts in it, after its type.
    let entryOffset: Int

    /// That of `StandardTable`.
    public static var standard: Table { Table(entryOffset: 132 + 4) }
    /// That of `LargeTable`, with memory for large messages.
    public static var large: Table { Table(entryOffset: 192 + 4) }
  }

  /// Says that image `name` has booted, and waits until the host's driver is ready.
  public init(image name: StaticString, wait: Core.Wait, table: Table = .standard) {
    Self.begin(wait)
    let entry = Self.findEntry(at: table.entryOffset)
    DoorbellDevice().publishTable(
      at: UInt32(truncatingIfNeeded: MemoryMap.tableStart),
      byteCount: UInt32(truncatingIfNeeded: MemoryMap.table.byteCount))
    Self.acceptTable(name)
    // The host writes the status before it kicks, and a sleeper misses no kick.
    while !entry.isDriverReady { Core.waitForKick(wait) }
    messages = Self.takeRings(of: entry)
    self.wait = wait
    Self.finish(name)
  }

  /// The same for image `name` with `RecordTable`, which is of version 0.
  ///
  /// Linked only into images that use it.
  public init(recordsOf name: StaticString, wait: Core.Wait) {
    Self.begin(wait)
    Self.acceptTable(name)
    messages = Self.takeRecordRings(wait: wait)
    self.wait = wait
    Self.finish(name)
  }

  private static func begin(_ wait: Core.Wait) {
    DoorbellDevice().report(.booted)
    Core.prepare(for: wait)
  }

  private static func acceptTable(_ name: StaticString) {
    DoorbellDevice().report(.tableAccepted)
    Trace.line("\(name): waiting for the host")
  }

  private static func finish(_ name: StaticString) {
    DoorbellDevice().report(.deviceUp)
    Trace.line("\(name): rpmsg is up")
  }

  /// Memory that rings and buffers may lie in.
  static var reachable: MappedMemory<SharedWindow> {
    MappedMemory(
      memory: MemoryMap.ram, start: DeviceAddress(rawValue: UInt64(MemoryMap.ramStart)))
  }

  /// Makes an endpoint for `service` and tells the host; returns its address.
  public mutating func announce(_ service: StaticString) -> EndpointAddress {
    do throws(RPMsgError) {
      let address = try messages.makeEndpoint(named: WireName(service))
      try messages.announce(address)
      Trace.line("announced \(service) at \(hex: address.rawValue)")
      return address
    } catch {
      Trace.line("cannot announce \(service)")
      Core.fail(FatalCode.announcement)
    }
  }

  /// Tells the host that the service at `address` is gone; `false`: no buffer was free.
  public mutating func withdraw(_ address: EndpointAddress) -> Bool {
    do throws(RPMsgError) { try messages.withdraw(address) } catch { return false }
    return true
  }

  /// Hands what has arrived to `handle`, or sleeps until the host kicks when nothing has.
  ///
  /// A handler has ``watchdogMilliseconds`` for all messages of one call. It returns `.retry` to
  /// be offered the same message again, such as when there was no buffer for the answer. What the
  /// host asks for is done between two calls of it.
  public mutating func handleMessages(
    _ handle: (RPMsgHeader, RawSpan, inout Transmitter) -> RPMsgVerdict
  ) {
    if takeMessages(handle) == 0 { Core.waitForKick(wait) }
  }

  /// Hands what has arrived to `handle`; returns how many messages.
  private mutating func takeMessages(
    _ handle: (RPMsgHeader, RawSpan, inout Transmitter) -> RPMsgVerdict
  ) -> Int {
    // Also while messages keep coming.
    _ = RequestService.serve(wait)
    DoorbellDevice().feedWatchdog(milliseconds: Self.watchdogMilliseconds)
    do throws(RPMsgError) { return try messages.poll(handle) } catch {
      Trace.line("the host broke a ring")
      Core.fail(FatalCode.protocolViolation)
    }
  }

  /// Sends one message; `false`: the host has lent no buffer, and will kick when it does.
  public mutating func send(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) -> Bool {
    do throws(RPMsgError) { try messages.send(payload, from: source, to: destination) } catch {
      if error == .noBuffer { return false }
      // A broken ring is told by the next poll.
      Trace.line("a message could not be sent")
    }
    return true
  }

  #if BOARD_VIRT_RV32
  /// As ``handleMessages(_:)``, but returns at `time` of the `Clock` even if nothing has come.
  ///
  /// In microseconds. For images that wait for interrupts.
  public mutating func handleMessages(
    until time: UInt64?, _ handle: (RPMsgHeader, RawSpan, inout Transmitter) -> RPMsgVerdict
  ) {
    if takeMessages(handle) == 0 { Core.waitForKick(wait, until: time) }
  }
  #endif

  private static func findEntry(at offset: Int) -> VirtioDeviceEntry<SharedWindow> {
    do throws(VirtioError) {
      let entry = try VirtioDeviceEntry(memory: MemoryMap.table, offset: offset)
      if entry.id == .rpmsg { return entry }
    } catch {}
    Trace.line("no rpmsg device in the resource table")
    Core.fail(FatalCode.table)
  }

  private static func takeRings(
    of entry: VirtioDeviceEntry<SharedWindow>
  ) -> RPMsgRemote<SharedWindow, DoorbellDevice> {
    do throws(RPMsgError) {
      return try RPMsgRemote(
        entry: entry, reachable: reachable, program: MemoryMap.program,
        doorbell: DoorbellDevice(), endpointCapacity: 4)
    } catch {
      Trace.line("the host's rings cannot be used")
      Core.fail(FatalCode.rings)
    }
  }
}

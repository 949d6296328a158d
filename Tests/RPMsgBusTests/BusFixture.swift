import Foundation
import RPMsg
import RPMsgBus
import Scheduling
import SharedMemory
import Synchronization
import TestSupport
import Virtio
import Vring
import WireTypes

/// A doorbell that counts and does nothing else.
final class CountingBell: Doorbell {
  private let first = Atomic<Int>(0)
  private let second = Atomic<Int>(0)

  /// Kicks of notify id 0, and of all others.
  var counts: [Int] {
    [first.load(ordering: .relaxed), second.load(ordering: .relaxed)]
  }

  func kick(_ id: NotifyID) {
    if id.rawValue == 0 {
      first.add(1, ordering: .relaxed)
    } else {
      second.add(1, ordering: .relaxed)
    }
  }
}

/// What was seen, in order, by whichever thread.
final class Recorder<Item: Sendable>: Sendable {
  private let state = Guarded<[Item]>([])

  var items: [Item] { state.withLock { $0 } }
  var count: Int { state.withLock { $0.count } }

  func add(_ item: Item) { state.withLock { $0.append(item) } }
}

/// One region with a device entry, two rings and buffers, as a platform would set it up.
struct BusLink {
  static let base: UInt64 = 0x8000_0000

  let region: SharedRegion
  let device: VirtioDevice<SharedWindow>
  let reachable: MappedMemory<SharedWindow>

  /// Offsets of the parts, in bytes from the start of the region.
  struct Places {
    var entry = 0
    var vrings: [UInt64] = []
    var buffers: UInt64 = 0
    var notifyIDs: [UInt32] = [0, 1]
  }

  init(
    queueSize: UInt32 = 16, alignment: UInt32 = 16, features: UInt32 = 1, id: UInt32 = 7,
    bufferByteCount: UInt64? = nil
  ) throws {
    let layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    let span = UInt64((layout.byteCount + 4095) / 4096 * 4096)
    try self.init(
      at: Places(vrings: [4096, 4096 + span], buffers: 4096 + 2 * span), queueSize: queueSize,
      alignment: alignment, features: features, id: id, base: Self.base,
      bufferByteCount: bufferByteCount)
  }

  init(
    at places: Places, queueSize: UInt32, alignment: UInt32, features: UInt32 = 1,
    id: UInt32 = 7, base: UInt64, bufferByteCount: UInt64? = nil
  ) throws {
    let layout = try VringLayout(queueSize: queueSize, alignment: alignment)
    let needed = UInt64(RPMsgBufferBlock<SharedWindow>.byteCount(queueSize: Int(queueSize)))
    let bufferSpan = bufferByteCount ?? needed
    region = try SharedRegion(byteCount: Int(places.buffers + max(bufferSpan, 1)))
    let window = region.window
    window.store(id, at: places.entry)
    window.store(features, at: places.entry + 8)
    window.store(2 as UInt8, at: places.entry + 21)
    for index in 0..<2 {
      let record = places.entry + 24 + 20 * index
      window.store(UInt32(base + places.vrings[index]), at: record)
      window.store(alignment, at: record + 4)
      window.store(queueSize, at: record + 8)
      window.store(places.notifyIDs[index], at: record + 12)
    }
    let entry = try VirtioDeviceEntry(memory: window, offset: places.entry)
    let vrings = try (0..<2).map { index in
      VirtioVring(
        record: try entry.vring(index),
        memory: try require(
          window.window(at: places.vrings[index], byteCount: UInt64(layout.byteCount))))
    }
    let buffers = try require(window.window(at: places.buffers, byteCount: bufferSpan))
    device = VirtioDevice(
      index: 0, entry: entry, vrings: vrings,
      buffers: MappedMemory(
        memory: buffers, start: DeviceAddress(rawValue: base + places.buffers)))
    reachable = MappedMemory(memory: window, start: DeviceAddress(rawValue: base))
  }
}

/// Something that a fixture needs was not there.
struct FixtureError: Error {}

func require<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw FixtureError() }
  return value
}

/// The remote's side of a link, in this process; any thread may use it.
final class FarSide: Sendable {
  let bell = CountingBell()
  private let remote: Guarded<RPMsgRemote<SharedWindow, CountingBell>>

  init(_ link: BusLink) throws {
    remote = Guarded(
      try RPMsgRemote(entry: link.device.entry, reachable: link.reachable, doorbell: bell))
  }

  /// Makes and announces an endpoint.
  func announce(_ name: String, at address: EndpointAddress = .any) throws -> EndpointAddress {
    try remote.withLock { remote in
      let address = try remote.makeEndpoint(named: WireName(name), at: address)
      do { try remote.announce(address) } catch {
        try remote.removeEndpoint(address)
        throw error
      }
      return address
    }
  }

  /// Withdraws and removes an endpoint.
  func withdraw(_ address: EndpointAddress) throws {
    try remote.withLock { remote in
      try remote.withdraw(address)
      try remote.removeEndpoint(address)
    }
  }

  func send(_ bytes: [UInt8], from source: EndpointAddress, to target: EndpointAddress) throws {
    try remote.withLock { try $0.send(bytes.span.bytes, from: source, to: target) }
  }

  /// Receives what waits; returns copies.
  @discardableResult
  func poll() throws -> [RPMsgMessage] {
    var messages: [RPMsgMessage] = []
    _ = try remote.withLock { remote in
      try remote.poll { header, payload, _ in
        messages.append(RPMsgMessage(header, payload))
        return .done
      }
    }
    return messages
  }

  /// Sends back what waits, in order; returns how many messages.
  @discardableResult
  func echo() throws -> Int {
    try remote.withLock { remote in
      try remote.poll { header, payload, transmitter in
        do {
          try transmitter.enqueue(payload, from: header.destination, to: header.source)
          return .done
        } catch { return .retry }
      }
    }
  }
}

/// A bus with the other side of its rings.
struct BusFixture {
  let link: BusLink
  let bus: RPMsgHostBus
  let far: FarSide
  let bell: CountingBell
  let events: Recorder<RPMsgBusEvent>

  init(
    _ link: BusLink, options: RPMsgBusOptions = RPMsgBusOptions()
  ) throws {
    self.link = link
    let bell = CountingBell()
    let events = Recorder<RPMsgBusEvent>()
    self.bell = bell
    self.events = events
    bus = try RPMsgHostBus(
      binding: link.device, doorbell: bell, options: options, eventHandler: { events.add($0) })
    far = try FarSide(link)
  }

  init(queueSize: UInt32 = 16, options: RPMsgBusOptions = RPMsgBusOptions()) throws {
    try self.init(try BusLink(queueSize: queueSize), options: options)
  }

  /// Receives until nothing waits.
  func drain() {
    while bus.notified() {}
  }

  /// Lets the remote announce a service; returns the channel of it.
  func announce(_ name: String) throws -> RPMsgChannel {
    let address = try far.announce(name)
    drain()
    return try require(bus.channels.first { $0.remoteAddress == address })
  }
}

extension RPMsgEndpoint {
  func trySend(
    _ bytes: [UInt8], to destination: EndpointAddress? = nil, from source: EndpointAddress? = nil
  ) throws(RPMsgBusError) {
    try trySend(bytes.span.bytes, to: destination, from: source)
  }

  func send(
    _ bytes: [UInt8], to destination: EndpointAddress? = nil, within timeout: Duration
  ) throws(RPMsgBusError) {
    try send(bytes.span.bytes, to: destination, within: timeout)
  }
}

/// Waits until `condition` holds; `false` when it does not within `limit`.
func eventually(
  within limit: Duration = .seconds(10), _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = MonotonicTime.now.advanced(by: limit)
  while try !condition() {
    if deadline <= .now { return false }
    sched_yield()
  }
  return true
}

/// Runs `body` on a thread of its own; ``join()`` waits for its end.
final class TestThread: Sendable {
  private let done = FutexWord()

  init(_ body: @escaping @Sendable () -> Void) {
    // Not kept: the thread keeps its block, which keeps this object until it has run.
    Thread { [self] in
      body()
      done.value.store(1, ordering: .releasing)
      done.wake()
    }.start()
  }

  func join() {
    while done.value.load(ordering: .acquiring) == 0 { done.wait(while: 0) }
  }
}

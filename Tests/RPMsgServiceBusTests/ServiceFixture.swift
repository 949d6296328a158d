import Foundation
import RPMsg
import RPMsgBus
import RPMsgServices
import RPMsgTransfers
import SampleServices
import Scheduling
import SharedMemory
import Synchronization
import Virtio
import Vring
import WireTypes

/// A doorbell that nobody hears: both sides are polled.
struct SilentBell: Doorbell {
  func kick(_ id: NotifyID) {}
}

/// Something that a fixture needs was not there.
struct FixtureError: Error {}

func require<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw FixtureError() }
  return value
}

/// Waits until `condition` holds; `false` when it does not within `limit`.
func eventually(
  within limit: Duration = .seconds(20), _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = MonotonicTime.now.advanced(by: limit)
  while try !condition() {
    if deadline <= .now { return false }
    sched_yield()
  }
  return true
}

/// What was seen, in order, by whichever thread.
final class Recorder<Item: Sendable>: Sendable {
  private let state = Guarded<[Item]>([])
  var items: [Item] { state.withLock { $0 } }
  func add(_ item: Item) { state.withLock { $0.append(item) } }
}

/// A bus with the other side of its rings, and a thread that polls both until the end.
final class ServiceFixture: Sendable {
  typealias Remote = RPMsgRemote<SharedWindow, SilentBell>

  /// What the remote does with a message.
  typealias Handler =
    @Sendable (RPMsgHeader, RawSpan, inout RPMsgDeviceTransmitter<SharedWindow>) -> RPMsgVerdict

  let bus: RPMsgHostBus
  private let region: SharedRegion
  let remote: Guarded<Remote>
  private let handler = Guarded(Slot())
  private let mustStop = Atomic<Bool>(false)
  private let isPaused = Atomic<Bool>(false)
  private let hasStopped = FutexWord()

  private struct Slot {
    var handle: Handler?
    /// Called after each poll, to send what found no buffer.
    var afterwards: (@Sendable (inout Remote) -> Void)?
  }

  init(queueSize: UInt32 = 64) throws {
    let base: UInt64 = 0x8000_0000
    let layout = try VringLayout(queueSize: queueSize, alignment: 16)
    let span = UInt64((layout.byteCount + 4095) / 4096 * 4096)
    let bufferCount = UInt64(RPMsgBufferBlock<SharedWindow>.byteCount(queueSize: Int(queueSize)))
    region = try SharedRegion(byteCount: Int(4096 + 2 * span + bufferCount))
    let window = region.window
    window.store(7 as UInt32, at: 0)
    window.store(1 as UInt32, at: 8)
    window.store(2 as UInt8, at: 21)
    for index in 0..<2 {
      window.store(UInt32(base + 4096 + UInt64(index) * span), at: 24 + 20 * index)
      window.store(16 as UInt32, at: 28 + 20 * index)
      window.store(queueSize, at: 32 + 20 * index)
      window.store(UInt32(index), at: 36 + 20 * index)
    }
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    let vrings = try (0..<2).map { index in
      VirtioVring(
        record: try entry.vring(index),
        memory: try require(
          window.window(
            at: 4096 + UInt64(index) * span, byteCount: UInt64(layout.byteCount))))
    }
    let buffers = try require(window.window(at: 4096 + 2 * span, byteCount: bufferCount))
    bus = try RPMsgHostBus(
      binding: VirtioDevice(
        index: 0, entry: entry, vrings: vrings,
        buffers: MappedMemory(
          memory: buffers, start: DeviceAddress(rawValue: base + 4096 + 2 * span))),
      doorbell: SilentBell())
    remote = Guarded(
      try RPMsgRemote(
        entry: entry,
        reachable: MappedMemory(memory: window, start: DeviceAddress(rawValue: base)),
        doorbell: SilentBell()))
  }

  /// Makes and announces an endpoint of the remote; returns its channel.
  func announce(_ name: WireName) throws -> RPMsgChannel {
    let address = try remote.withLock { remote in
      let address = try remote.makeEndpoint(named: name)
      try remote.announce(address)
      return address
    }
    while bus.notified() {}
    return try require(bus.channels.first { $0.remoteAddress == address })
  }

  /// Lets a thread poll both sides from now on.
  func run(
    afterwards: (@Sendable (inout Remote) -> Void)? = nil, _ handler: @escaping Handler
  ) {
    self.handler.withLock { slot in
      slot.handle = handler
      slot.afterwards = afterwards
    }
    Thread { [self] in
      while !mustStop.load(ordering: .acquiring) {
        while bus.notified() {}
        if !isPaused.load(ordering: .acquiring) { step() }
        sched_yield()
      }
      hasStopped.value.store(1, ordering: .releasing)
      hasStopped.wake()
    }.start()
  }

  private func step() {
    let (handle, afterwards) = handler.withLock { ($0.handle, $0.afterwards) }
    guard let handle else { return }
    remote.withLock { remote in
      _ = try? remote.poll(handle)
      afterwards?(&remote)
    }
  }

  /// The remote does nothing any more, or goes on.
  func pause(_ isPaused: Bool) { self.isPaused.store(isPaused, ordering: .releasing) }

  /// Ends the thread and closes the bus.
  func stop() {
    mustStop.store(true, ordering: .releasing)
    while hasStopped.value.load(ordering: .acquiring) == 0 { hasStopped.wait(while: 0) }
    bus.close()
  }
}

/// A remote that takes large messages and sends them back.
final class LargeRemote: Sendable {
  struct State: ~Copyable {
    var link: TransferLink
    var memory: [UInt8]
    var message: [UInt8] = []
    var events: [TransferEvents] = []
  }

  let state: Guarded<State>
  private let address: EndpointAddress
  private let echoes: Bool

  init(at address: EndpointAddress, limits: TransferLink.Limits, echoes: Bool) {
    self.address = address
    self.echoes = echoes
    state = Guarded(
      State(
        link: TransferLink(session: 5, limits: limits),
        memory: Array(repeating: 0, count: limits.messageByteCount)))
  }

  func receive(_ header: RPMsgHeader, _ payload: RawSpan) {
    state.withLock { state in
      var memory = state.memory
      state.memory = []
      var span = memory.mutableSpan
      var bytes = span.mutableBytes
      let events = state.link.receive(payload, from: header.source, into: &bytes)
      if let count = events.received {
        if echoes {
          state.message = Array(memory.prefix(count))
          try? state.link.send(byteCount: count)
        }
        // An echo keeps its place until it is out: then the next message may come.
        if !state.link.isSending { _ = state.link.releaseMessage() }
      }
      if echoes, events.outcome != nil { _ = state.link.releaseMessage() }
      state.memory = memory
      if events != TransferEvents() { state.events.append(events) }
    }
  }

  /// Sends what may be sent now.
  func send(_ remote: inout ServiceFixture.Remote) {
    state.withLock { state in
      var buffer = [UInt8](repeating: 0, count: 496)
      while let frame = state.link.nextFrame(capacity: 480), let peer = state.link.peer {
        var span = buffer.mutableSpan
        var raw = span.mutableBytes
        let count = frame.encode(into: &raw, message: state.message.span.bytes)
        let bytes = Array(buffer.prefix(count))
        do { try remote.send(bytes.span.bytes, from: address, to: peer) } catch { return }
        state.link.didSend(frame)
      }
    }
  }
}

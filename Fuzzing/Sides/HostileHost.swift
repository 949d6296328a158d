public import RPMsg
import Vring
import WireTypes

/// Our remote's rpmsg against a host that does what the input says.
///
/// First bytes: ring size, mode (bit 0: unsteady memory). Then steps with their operands. Whatever
/// is wrong traps.
public struct HostileHost: ~Copyable {
  /// One thing that a side does.
  public enum Step: UInt8, CaseIterable, Sendable {
    /// Ours.
    case poll, send, reply, announce, withdraw, makeEndpoint, removeEndpoint, setNotifications
    /// The host's; `lend`, `message` and `service` follow the protocol but for their content.
    case lend, message, service, setDescriptor, setIndex, scribbleRing, scribbleBuffers
  }

  private struct Bell: Doorbell {
    func kick(_ id: NotifyID) { precondition(id.rawValue < 2, "a ring of somebody else") }
  }

  private let input: FuzzInput
  private let layout: VringLayout
  private let rings: [FuzzedMemory]
  private let pool: FuzzedMemory
  private var remote: RPMsgRemote<FuzzedMemory, Bell>
  /// Why messages no longer come.
  public private(set) var broken: RPMsgError?
  /// Messages that handlers got.
  public private(set) var messageCount = 0

  /// Makes the rings that the first bytes describe.
  public init(_ input: FuzzInput) throws(RPMsgError) {
    let queueSize = 1 << input.choice(6)
    let isUnsteady = input.next(UInt8.self) & 1 != 0
    func memory(_ byteCount: Int) -> FuzzedMemory {
      FuzzedMemory(byteCount: byteCount, input: input, isUnsteady: isUnsteady)
    }
    let layout: VringLayout
    do throws(VringError) { layout = try VringLayout(queueSize: queueSize, alignment: 16) } catch {
      throw .vring(error)
    }
    let rings = [memory(layout.byteCount), memory(layout.byteCount)]
    let pool = memory(1 << 14)
    var remote = RPMsgRemote(
      transmitter: RPMsgDeviceTransmitter(
        ring: try Self.ring(rings[0], layout, pool), notifyID: NotifyID(rawValue: 0)),
      receiver: RPMsgDeviceReceiver(
        ring: try Self.ring(rings[1], layout, pool), notifyID: NotifyID(rawValue: 1)),
      doorbell: Bell(), endpointCapacity: 4)
    _ = try remote.makeEndpoint(named: WireName("echo"))
    self.input = input
    self.layout = layout
    self.rings = rings
    self.pool = pool
    self.remote = remote
  }

  private static func ring(
    _ memory: FuzzedMemory, _ layout: VringLayout, _ pool: FuzzedMemory
  ) throws(RPMsgError) -> VringDevice<FuzzedMemory> {
    do throws(VringError) {
      return try VringDevice(
        memory: memory, layout: layout,
        buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)))
    } catch { throw .vring(error) }
  }

  /// Messages that were for nobody or malformed.
  public var droppedCount: Int { Int(remote.droppedCount) }

  /// Takes every step of the input.
  public mutating func run() {
    while !input.isEmpty {
      let fetches = rings[0].fetchCount + rings[1].fetchCount + pool.fetchCount
      // Every error is allowed here; what it means is checked where it matters.
      do throws(RPMsgError) { try take(input.step(Step.self)) } catch {}
      let after = rings[0].fetchCount + rings[1].fetchCount + pool.fetchCount
      precondition(after - fetches <= 16 * layout.queueSize + 16, "fetched too often")
    }
  }

  private mutating func take(_ step: Step) throws(RPMsgError) {
    switch step {
    case .poll: try poll()
    case .send:
      let payload = [UInt8](repeating: 0x3c, count: 3 * Int(input.next(UInt8.self)))
      try remote.send(payload.span.bytes, from: address(), to: address())
    case .reply:
      let payload = [UInt8](repeating: 0x3c, count: input.choice(256))
      try remote.send(payload.span.bytes, from: address())
    case .announce: try remote.announce(address())
    case .withdraw: try remote.withdraw(address())
    case .makeEndpoint: try makeEndpoint()
    case .removeEndpoint: try remote.removeEndpoint(address())
    case .setNotifications: _ = try remote.setNotifications(input.choice(2) == 1)
    case .lend: lend(0, byteCount: input.next(), flags: 2)
    case .message: message(to: address().rawValue)
    case .service: service()
    case .setDescriptor: setDescriptor()
    case .setIndex:
      rings[input.choice(2)].poke(input.next(UInt16.self), at: layout.available.offset + 2)
    case .scribbleRing: rings[input.choice(2)].scribble()
    case .scribbleBuffers: pool.scribble()
    }
  }

  /// One of few addresses, so that both sides hit the same.
  private func address() -> EndpointAddress {
    switch input.choice(8) {
    case 6: .nameService
    case 7: .any
    case let index: EndpointAddress(rawValue: 1023 + UInt32(index))
    }
  }
}

// Ours.
extension HostileHost {
  private mutating func makeEndpoint() throws(RPMsgError) {
    let made = try remote.makeEndpoint(named: WireName("echo"), at: address())
    precondition(remote.endpoint(made)?.address == made)
    precondition(made != .any && made != .nameService && made.rawValue != 0)
  }

  private mutating func poll() throws(RPMsgError) {
    let input = input
    var handled = 0
    do throws(RPMsgError) {
      let count = try remote.poll { header, payload, answers in
        handled += 1
        precondition(payload.byteCount == Int(header.byteCount) && payload.byteCount <= 496)
        precondition(header.source != .any && header.source.rawValue != 0)
        switch input.choice(4) {
        case 0: return .retry
        case 1: return .done
        default:
          // No buffer, or one that is too small, is the host's doing.
          do throws(RPMsgError) {
            try answers.enqueue(payload, from: header.destination, to: header.source)
          } catch {}
          return .done
        }
      }
      precondition(broken == nil || count == handled && handled == 0, "broken, and messages come")
      precondition(broken == nil, "a broken ring is polled")
      precondition(count <= handled && handled <= layout.queueSize, "more than one ring's worth")
      messageCount += count
    } catch {
      precondition(broken == nil || broken == error, "another reason")
      broken = error
    }
  }
}

// The host's.
extension HostileHost {
  /// Makes the next descriptor of a ring available; returns where its buffer is.
  @discardableResult
  private func lend(_ index: Int, byteCount: UInt16, flags: UInt16) -> Int {
    let ring = rings[index]
    let available: UInt16 = ring.peek(layout.available.offset + 2)
    let slot = Int(available) & (layout.queueSize - 1)
    let start = (512 * slot + 8192 * index + input.choice(2)) % (1 << 14)
    ring.poke(UInt64(start), at: 16 * slot)
    ring.poke(UInt32(byteCount), at: 16 * slot + 8)
    ring.poke(flags, at: 16 * slot + 12)
    ring.poke(UInt16(slot), at: layout.available.offset + 4 + 2 * slot)
    ring.poke(available &+ 1, at: layout.available.offset + 2)
    return start
  }

  private func message(to destination: UInt32, byteCount: UInt16? = nil) {
    let payload = byteCount ?? 2 * UInt16(input.next(UInt8.self))
    let excess = UInt16(input.next(UInt8.self))
    let source = input.next(UInt8.self)
    let start = lend(1, byteCount: (16 &+ payload &+ excess) &- 2, flags: 0)
    guard start + 64 <= pool.byteCount else { return }
    pool.poke(source == 255 ? UInt32.max : UInt32(source), at: start)
    pool.poke(destination, at: start + 4)
    pool.poke(payload, at: start + 12)
    guard byteCount != nil else { return }
    let isEcho = input.choice(2) == 0
    pool.poke(isEcho ? UInt32(0x6f68_6365) : input.next(), at: start + 16)
    for offset in stride(from: 20, to: 48, by: 4) { pool.poke(UInt32(0), at: start + offset) }
    pool.poke(input.next(UInt32.self), at: start + 48)
    pool.poke(UInt32(input.next(UInt8.self)), at: start + 52)
  }

  private func service() { message(to: EndpointAddress.nameService.rawValue, byteCount: 40) }

  private func setDescriptor() {
    let ring = rings[input.choice(2)]
    let offset = 16 * input.choice(layout.queueSize)
    ring.poke(input.next(UInt64.self), at: offset)
    ring.poke(input.next(UInt64.self), at: offset + 8)
  }
}

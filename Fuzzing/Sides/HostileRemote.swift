public import RPMsg
import Virtio
public import Vring
import WireTypes

/// Our host's rpmsg against a remote that does what the input says.
///
/// First bytes: ring size, mode (bit 0: unsteady memory, bit 1: clamp lengths). Then steps with
/// their operands. Whatever is wrong traps.
public struct HostileRemote: ~Copyable {
  /// One thing that a side does.
  public enum Step: UInt8, CaseIterable, Sendable {
    /// Ours.
    case receive, publish, enqueue, reserve, commit, cancel, setNotifications
    /// The remote's; `send`, `announce` and `use` follow the protocol but for their content.
    case send, announce, use, setUsedIndex, scribbleRing, scribbleBuffers
    /// Ours: without a copy, and letting go without a word.
    case hold, release, drop
  }

  private let input: FuzzInput
  private let layout: VringLayout
  private let rings: [FuzzedMemory]
  private let pool: FuzzedMemory
  private var receiver: RPMsgDriverReceiver<FuzzedMemory>
  private var transmitter: RPMsgDriverTransmitter<FuzzedMemory>
  private var reservation: RPMsgReservation<FuzzedMemory>?
  private var message: RPMsgDriverHeldMessage<FuzzedMemory>?
  private var seen: [UInt16] = [0, 0]
  /// Messages received, and those dropped.
  public private(set) var messageCount = 0, droppedCount = 0
  /// Announcements that could be decoded.
  public private(set) var announcementCount = 0

  /// Makes the rings that the first bytes describe.
  public init(_ input: FuzzInput) throws(RPMsgError) {
    let queueSize = [1, 2, 4, 8, 16, 32, 256, 512][input.choice(8)]
    let mode = input.next(UInt8.self)
    func memory(_ byteCount: Int) -> FuzzedMemory {
      FuzzedMemory(byteCount: byteCount, input: input, isUnsteady: mode & 1 != 0)
    }
    let layout: VringLayout
    do throws(VringError) { layout = try VringLayout(queueSize: queueSize, alignment: 16) } catch {
      throw .vring(error)
    }
    let rings = [memory(layout.byteCount), memory(layout.byteCount)]
    let pool = memory(RPMsgBufferBlock<FuzzedMemory>.byteCount(queueSize: queueSize))
    let device = Self.device(layout, rings, pool)
    var receiver = try RPMsgDriverReceiver(device, usedLengthRule: mode & 2 == 0 ? .strict : .clamp)
    _ = receiver.publish()
    let transmitter = try RPMsgDriverTransmitter(device)
    self.input = input
    self.layout = layout
    self.rings = rings
    self.pool = pool
    self.receiver = receiver
    self.transmitter = transmitter
  }

  private static func device(
    _ layout: VringLayout, _ rings: [FuzzedMemory], _ pool: FuzzedMemory
  ) -> VirtioDevice<FuzzedMemory> {
    let table = FuzzedMemory(byteCount: 64, input: FuzzInput([]))
    table.poke(UInt32(7), at: 0)
    table.poke(UInt8(2), at: 21)
    let vrings = rings.indices.map { index in
      VirtioVring(
        record: VirtioVringRecord(
          address: DeviceAddress(rawValue: 0), alignment: UInt32(layout.alignment),
          queueSize: UInt32(layout.queueSize), notifyID: NotifyID(rawValue: UInt32(index))),
        memory: rings[index])
    }
    guard let entry = try? VirtioDeviceEntry(memory: table, offset: 0) else {
      preconditionFailure("a table that can be decoded")
    }
    return VirtioDevice(
      index: 0, entry: entry, vrings: vrings,
      buffers: MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0)))
  }

  /// Takes every step of the input; returns what broke the rings, the receiver's first.
  public mutating func run() -> [VringBreakage] {
    while !input.isEmpty {
      let broken = (receiver.broken, transmitter.broken)
      let fetches = rings[0].fetchCount + rings[1].fetchCount + pool.fetchCount
      // What an error means is checked against `broken` below.
      do throws(RPMsgError) { try take(input.step(Step.self)) } catch { check(error) }
      let after = rings[0].fetchCount + rings[1].fetchCount + pool.fetchCount
      precondition(after - fetches <= 6, "fetched too often")
      check(since: broken)
    }
    return [receiver.broken, transmitter.broken].compactMap(\.self)
  }

  private mutating func take(_ step: Step) throws(RPMsgError) {
    switch step {
    case .receive: try receive()
    case .publish:
      _ = receiver.publish()
      _ = transmitter.publish()
    case .enqueue:
      let payload = [UInt8](repeating: 0x3c, count: 2 * Int(input.next(UInt8.self)))
      let source = EndpointAddress(rawValue: UInt32(input.next(UInt8.self)))
      let destination = input.choice(8) == 7 ? EndpointAddress.any : source
      try transmitter.enqueue(payload.span.bytes, from: source, to: destination)
    case .reserve: if reservation == nil { reservation = try transmitter.reserve() }
    case .commit: try commit()
    case .cancel: if let held = reservation.take() { transmitter.cancel(held) }
    case .setNotifications:
      let choice = input.choice(4)
      _ =
        try choice & 2 == 0
        ? receiver.setNotifications(choice & 1 == 1) : transmitter.setNotifications(choice & 1 == 1)
    case .send: send(to: EndpointAddress(rawValue: input.next()))
    case .announce: send(to: .nameService, announcement: 40)
    case .use: use(1, byteCount: input.next())
    case .setUsedIndex:
      let ring = rings[input.choice(2)]
      ring.poke(input.next(UInt16.self), at: layout.used.offset + 2)
    case .scribbleRing: rings[input.choice(2)].scribble()
    case .scribbleBuffers: pool.scribble()
    case .hold: try hold()
    case .release: if let mine = message.take() { receiver.release(mine) }
    case .drop:
      message = nil
      reservation = nil
    }
  }

  private func check(_ error: RPMsgError) {
    switch error {
    case .vring(.broken(let reason)):
      precondition(reason == receiver.broken || reason == transmitter.broken, "no reason")
    case .noBuffer, .payloadTooLong, .illegalAddress: break
    default: preconditionFailure("an error of something else")
    }
  }

  /// A broken ring stays so and says so.
  private mutating func check(since broken: (VringBreakage?, VringBreakage?)) {
    if let reason = broken.0 {
      precondition(receiver.broken == reason, "another reason")
      precondition(!receiver.publish(), "a broken ring kicks")
      do throws(RPMsgError) {
        try receive()
        preconditionFailure("a broken ring gives messages")
      } catch { precondition(error == .vring(.broken(reason))) }
    }
    if let reason = broken.1 {
      precondition(transmitter.broken == reason, "another reason")
      precondition(!transmitter.publish(), "a broken ring kicks")
      do throws(RPMsgError) {
        _ = try transmitter.reserve()
        preconditionFailure("a broken ring gives buffers")
      } catch { precondition(error == .vring(.broken(reason))) }
    }
    precondition(receiver.unpublishedCount <= receiver.bufferCount)
    precondition(transmitter.lentCount <= receiver.bufferCount)
  }
}

// Ours.
extension HostileRemote {
  private mutating func receive() throws(RPMsgError) {
    var target = [UInt8](repeating: 0xa5, count: receiver.payloadCapacity + 16)
    var span = target.mutableSpan
    var bytes = span.mutableBytes
    switch try receiver.receive(into: &bytes) {
    case nil: return
    case .dropped:
      droppedCount += 1
      precondition(target.allSatisfy { $0 == 0xa5 }, "bytes of a malformed message")
    case .message(let header):
      messageCount += 1
      let count = Int(header.byteCount)
      precondition(header.source != .any && header.source.rawValue != 0, "a source of nobody")
      precondition(count <= receiver.bufferCapacity, "more than a buffer has")
      precondition(target[count...].allSatisfy { $0 == 0xa5 }, "more bytes than the header says")
      if header.destination == .nameService { decode(target, count) }
    }
  }

  private mutating func hold() throws(RPMsgError) {
    guard message == nil, let held = try receiver.hold() else { return }
    switch consume held {
    case .dropped: droppedCount += 1
    case .message(let mine):
      messageCount += 1
      let header = mine.header
      precondition(header.source != .any && header.source.rawValue != 0, "a source of nobody")
      precondition(mine.byteCount <= receiver.bufferCapacity, "more than a buffer has")
      if mine.byteCount >= 4 { _ = mine.littleEndian(at: mine.byteCount - 4, as: UInt32.self) }
      message = consume mine
    }
  }

  private mutating func decode(_ payload: [UInt8], _ count: Int) {
    // Malformed ones are refused; that is all.
    do throws(RPMsgError) {
      let message = try NameServiceMessage(decoding: payload.span.bytes.extracting(first: count))
      precondition(count == 40 && !message.name.isEmpty)
      precondition(message.address != .nameService && message.address.rawValue < 1 << 31)
      announcementCount += 1
    } catch {}
  }

  private mutating func commit() throws(RPMsgError) {
    guard let held = reservation.take() else { return }
    let payload = [UInt8](repeating: 0x3c, count: input.choice(256))
    held.write(payload.span.bytes, at: 496 - payload.count)
    let destination = input.choice(8) == 7 ? EndpointAddress.any : .firstDynamic
    try transmitter.commit(
      held, byteCount: input.choice(2) * 496, from: .firstDynamic, to: destination)
  }
}

extension RPMsgDriverReceiver {
  fileprivate var bufferCapacity: Int { 512 - RPMsgHeader.encodedByteCount }
}

// The remote's.
extension HostileRemote {
  /// Gives back the next buffer of a ring; returns its head.
  @discardableResult
  private mutating func use(_ index: Int, byteCount: UInt16) -> UInt16? {
    let ring = rings[index]
    let available: UInt16 = ring.peek(layout.available.offset + 2)
    guard seen[index] != available else { return nil }
    let mask = layout.queueSize - 1
    let head: UInt16 = ring.peek(layout.available.offset + 4 + 2 * (Int(seen[index]) & mask))
    seen[index] &+= 1
    let used: UInt16 = ring.peek(layout.used.offset + 2)
    let entry = layout.used.offset + 4 + 8 * (Int(used) & mask)
    ring.poke(UInt32(head), at: entry)
    ring.poke(UInt32(byteCount), at: entry + 4)
    ring.poke(used &+ 1, at: layout.used.offset + 2)
    return head
  }

  /// Sends a message whose header and length are the input's.
  private mutating func send(to destination: EndpointAddress, announcement: UInt16? = nil) {
    let source = input.next(UInt8.self)
    let byteCount = announcement ?? input.next()
    let excess = announcement == nil ? UInt16(input.next(UInt8.self)) : 0
    guard let head = use(0, byteCount: min(16 &+ byteCount &+ excess, 600)) else { return }
    let start = 512 * Int(head)
    guard start + 512 <= pool.byteCount else { return }
    // 255 stands for the address that nobody has.
    pool.poke(source == 255 ? UInt32.max : UInt32(source), at: start)
    pool.poke(destination.rawValue, at: start + 4)
    pool.poke(byteCount, at: start + 12)
    guard announcement != nil else { return }
    pool.poke(input.next(UInt32.self), at: start + 16)
    pool.poke(input.next(UInt32.self), at: start + 48)
    pool.poke(UInt32(input.next(UInt8.self)), at: start + 52)
  }
}

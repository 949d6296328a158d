public import Vring
import WireTypes

/// Our device role against a driver that does what the input says.
///
/// First bytes: geometry, mode (bit 0: unsteady memory, bit 1: a part of the memory for buffers is
/// closed, bit 2: event index, bit 3: indirect descriptors). Then steps with their operands. Whatever is wrong traps.
public struct HostileDriver: ~Copyable {
  /// One thing that a side does.
  public enum Step: UInt8, CaseIterable, Sendable {
    /// Ours.
    case popChain, walk, popReadable, popWritable, complete, publish, setNotifications
    /// The driver's; `lend` follows the protocol, and `cycle` does so with ours many times.
    case lend, setDescriptor, setEntry, setIndex, scribble, cycle
    /// The driver's: a descriptor in the memory for buffers, and which index it wants to hear of.
    case setTableEntry, setUsedEvent
  }

  private static var poolStart: UInt64 { 0x1000 }
  private static var poolByteCount: UInt64 { 4096 }
  private static var closed: Range<UInt64> { 512..<1024 }

  private let input: FuzzInput
  private let layout: VringLayout
  private let memory: FuzzedMemory
  private let pool: FuzzedMemory
  private let isPartClosed: Bool
  private var device: VringDevice<FuzzedMemory>
  private var held: [UInt16] = []
  private var chains: [VringChain] = []
  /// Chains that a refused `popBuffer` keeps: 0 or 1.
  private var lostCount = 0
  private var unpublished = 0
  /// Buffers that were accepted.
  public private(set) var segmentCount = 0

  /// Makes the ring that the first bytes describe.
  public init(_ input: FuzzInput) throws(VringError) {
    let geometry = input.next(UInt8.self)
    let layout = try VringLayout(
      queueSize: 1 << Int(geometry & 7), alignment: 4 << Int(geometry >> 3 & 7))
    let mode = input.next(UInt8.self)
    let memory = FuzzedMemory(
      byteCount: layout.byteCount, input: input, isUnsteady: mode & 1 != 0)
    // Tables are copied out of it.
    let pool = FuzzedMemory(
      byteCount: Int(Self.poolByteCount), input: input, isUnsteady: mode & 1 != 0)
    let device = try VringDevice(
      memory: memory, layout: layout, buffers: Self.mapped(pool, isPartClosed: mode & 2 != 0),
      usesEventIndex: mode & 4 != 0, usesIndirectDescriptors: mode & 8 != 0)
    self.input = input
    self.pool = pool
    self.layout = layout
    self.memory = memory
    isPartClosed = mode & 2 != 0
    self.device = device
  }

  private static func mapped(
    _ memory: FuzzedMemory, isPartClosed: Bool
  ) -> MappedMemory<FuzzedMemory> {
    var pool = MappedMemory(memory: memory, start: DeviceAddress(rawValue: poolStart))
    let start = DeviceAddress(rawValue: poolStart + closed.lowerBound)
    if isPartClosed, let range = AddressRange(start: start, byteCount: UInt64(closed.count)) {
      pool.exclude(range)
    }
    return pool
  }

  /// Takes every step of the input; returns what broke the ring.
  public mutating func run() -> VringBreakage? {
    while !input.isEmpty {
      let broken = device.broken
      let fetches = memory.fetchCount
      let step = input.step(Step.self)
      // What an error means is checked against `broken` below.
      do throws(VringError) { try take(step) } catch {
        precondition(device.broken.map { error == .broken($0) } ?? false, "error without reason")
      }
      // The ring's index is read again after an event index was written.
      let limit = step == .walk ? 2 * layout.queueSize : device.usesEventIndex ? 5 : 4
      precondition(step == .cycle || memory.fetchCount - fetches <= limit, "fetched too often")
      check(since: broken)
    }
    return device.broken
  }

  private mutating func take(_ step: Step) throws(VringError) {
    switch step {
    case .popChain:
      guard let chain = try device.popAvailable() else { return }
      hold(chain.head)
      chains.append(chain)
    case .walk: try walk()
    case .popReadable: _ = try pop(.deviceReads)
    case .popWritable: _ = try pop(.deviceWrites)
    case .complete: complete()
    case .publish: publish()
    case .setNotifications: _ = try device.setNotifications(input.choice(2) == 1)
    case .lend: lend()
    case .setDescriptor: setDescriptor()
    case .setEntry:
      let slot = input.choice(layout.queueSize)
      memory.poke(input.next(UInt16.self), at: layout.available.offset + 4 + 2 * slot)
    case .setIndex: memory.poke(input.next(UInt16.self), at: layout.available.offset + 2)
    case .scribble: memory.scribble()
    case .cycle: try cycle()
    case .setTableEntry: setTableEntry()
    case .setUsedEvent:
      memory.poke(
        input.next(UInt16.self), at: layout.available.offset + 4 + 2 * layout.queueSize)
    }
  }

  /// A broken ring stays so and says so; each chain is in one place.
  private mutating func check(since broken: VringBreakage?) {
    if let broken {
      precondition(device.broken == broken, "another reason")
      precondition(!device.publish(), "a broken ring kicks")
      precondition(refusal { (device) throws(VringError) in _ = try device.popAvailable() })
      precondition(
        refusal { (device) throws(VringError) in _ = try device.popBuffer(.deviceReads) })
    }
    precondition(device.heldCount == held.count + lostCount)
    precondition(device.unpublishedCount == unpublished)
    precondition(device.heldCount + device.unpublishedCount <= layout.queueSize)
  }

  private mutating func refusal(
    _ body: (inout VringDevice<FuzzedMemory>) throws(VringError) -> Void
  ) -> Bool {
    do throws(VringError) {
      try body(&device)
      return false
    } catch { return error == device.broken.map { .broken($0) } }
  }
}

// Ours.
extension HostileDriver {
  private mutating func hold(_ head: UInt16) {
    precondition(Int(head) < layout.queueSize && !held.contains(head), "held already")
    held.append(head)
  }

  private mutating func check(_ segment: VringSegment) {
    let end = UInt64(segment.offset) + UInt64(segment.byteCount)
    precondition(segment.byteCount > 0 && end <= Self.poolByteCount, "outside the memory")
    if isPartClosed {
      precondition(!Self.closed.overlaps(UInt64(segment.offset)..<end), "closed memory")
    }
    segmentCount += 1
  }

  /// Walks the chain taken last to its end.
  private mutating func walk() throws(VringError) {
    guard var chain = chains.popLast() else { return }
    let wasBroken = device.broken != nil
    var count = 0
    var hasWritable = false
    while let segment = try device.nextSegment(of: &chain) {
      precondition(!wasBroken, "a broken ring gives buffers")
      check(segment)
      count += 1
      precondition(count <= layout.queueSize, "a chain without end")
      precondition(segment.direction == .deviceWrites || !hasWritable, "readable after writable")
      hasWritable = segment.direction == .deviceWrites
    }
    precondition(!wasBroken, "a broken ring ends a chain")
  }

  private mutating func pop(_ direction: BufferDirection) throws(VringError) -> Bool {
    let before = device.heldCount
    do throws(VringError) {
      guard let buffer = try device.popBuffer(direction) else { return false }
      hold(buffer.head)
      check(buffer.segment)
      precondition(buffer.segment.direction == direction)
    } catch {
      lostCount += device.heldCount - before
      precondition(lostCount <= 1, "lost more than the chain that broke the ring")
      throw error
    }
    return true
  }

  private mutating func complete() {
    guard !held.isEmpty else { return }
    let head = held.remove(at: input.choice(held.count))
    chains.removeAll { $0.head == head }
    device.complete(head, byteCount: UInt32(input.next(UInt8.self)))
    unpublished += 1
  }

  private mutating func publish() {
    _ = device.publish()
    if device.broken == nil { unpublished = 0 }
  }
}

// The driver's.
extension HostileDriver {
  /// Makes a descriptor available as a driver should.
  private func lend() {
    let mask = layout.queueSize - 1
    let head = input.choice(layout.queueSize)
    let index: UInt16 = memory.peek(layout.available.offset + 2)
    memory.poke(UInt16(head), at: layout.available.offset + 4 + 2 * (Int(index) & mask))
    memory.poke(index &+ 1, at: layout.available.offset + 2)
  }

  /// Fills a descriptor of the ring.
  private func setDescriptor() { fill(memory, at: 16 * input.choice(layout.queueSize)) }

  /// Fills a descriptor in the memory for buffers, at any multiple of four bytes.
  private func setTableEntry() { fill(pool, at: 4 * input.choice(256)) }

  /// Fills a descriptor; bit 7 of the flags' byte: the address is anything.
  private func fill(_ target: FuzzedMemory, at offset: Int) {
    let flags = input.next(UInt8.self)
    let place = input.next(UInt16.self)
    let address = flags & 128 == 0 ? Self.poolStart + UInt64(place % 4096) : input.next()
    target.poke(address, at: offset)
    let byteCount: UInt32 = flags & 64 == 0 ? UInt32(input.next(UInt8.self)) : input.next()
    target.poke(byteCount, at: offset + 8)
    target.poke(UInt16(flags & 63), at: offset + 12)
    target.poke(UInt16(input.next(UInt8.self)), at: offset + 14)
  }

  /// Lends and gives back descriptor 0 many times: indices get to their wrap.
  private mutating func cycle() throws(VringError) {
    memory.poke(Self.poolStart, at: 0)
    memory.poke(UInt32(64), at: 8)
    memory.poke(UInt32(0), at: 12)
    let mask = layout.queueSize - 1
    for _ in 0..<Int(input.next(UInt8.self)) * 16 {
      let index: UInt16 = memory.peek(layout.available.offset + 2)
      memory.poke(UInt16(0), at: layout.available.offset + 4 + 2 * (Int(index) & mask))
      memory.poke(index &+ 1, at: layout.available.offset + 2)
      guard try pop(.deviceReads), let head = held.popLast() else { return }
      chains.removeAll { $0.head == head }
      device.complete(head, byteCount: 0)
      unpublished += 1
      publish()
    }
  }
}

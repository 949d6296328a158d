public import Vring
import WireTypes

/// Our driver role against a device that does what the input says.
///
/// First bytes: geometry, the most buffers, mode (bit 0: unsteady memory, bit 1: clamp lengths).
/// Then steps with their operands. Whatever is wrong traps.
public struct HostileDevice: ~Copyable {
  /// One thing that a side does.
  public enum Step: UInt8, CaseIterable, Sendable {
    /// Ours.
    case reserve, release, add, publish, popUsed, setNotifications, lendAll
    /// The device's; `use` follows the protocol, and `cycle` does so with ours many times.
    case use, setUsedIndex, setUsedEntry, scribble, cycle
  }

  private enum Holder { case free, reserved, added, lent }

  private let input: FuzzInput
  private let layout: VringLayout
  private let memory: FuzzedMemory
  private let usable: Int
  private var driver: VringDriver<FuzzedMemory>
  private var holders: [Holder]
  private var posted: [UInt32]
  private var reserved: [UInt16] = []
  private var added: [UInt16] = []
  private var deviceSeen: UInt16 = 0
  /// Buffers that came back.
  public private(set) var usedCount = 0

  /// Makes the ring that the first bytes describe.
  public init(_ input: FuzzInput) throws(VringError) {
    let geometry = input.next(UInt8.self)
    let layout = try VringLayout(
      queueSize: 1 << Int(geometry & 7), alignment: 4 << Int(geometry >> 3 & 7))
    let limit = 1 + input.choice(255)
    let mode = input.next(UInt8.self)
    let memory = FuzzedMemory(
      byteCount: layout.byteCount, input: input, isUnsteady: mode & 1 != 0)
    let driver = try VringDriver(
      memory: memory, layout: layout, bufferLimit: limit,
      usedLengthRule: mode & 2 == 0 ? .strict : .clamp)
    self.input = input
    self.layout = layout
    self.memory = memory
    self.driver = driver
    usable = min(limit, layout.queueSize)
    holders = [Holder](repeating: .free, count: layout.queueSize)
    posted = [UInt32](repeating: 0, count: layout.queueSize)
  }

  /// Takes every step of the input; returns what broke the ring.
  public mutating func run() -> VringBreakage? {
    while !input.isEmpty {
      let broken = driver.broken
      let fetches = memory.fetchCount
      let step = input.step(Step.self)
      // What an error means is checked against `broken` below.
      do throws(VringError) { try take(step) } catch {
        precondition(driver.broken.map { error == .broken($0) } ?? false, "error without reason")
      }
      precondition(step == .cycle || memory.fetchCount - fetches <= 3, "fetched too often")
      check(since: broken)
    }
    return driver.broken
  }

  private mutating func take(_ step: Step) throws(VringError) {
    switch step {
    case .reserve: _ = try reserve()
    case .release:
      guard let head = takeReserved() else { return }
      driver.release(head)
      holders[Int(head)] = .free
    case .add: add()
    case .publish: publish()
    case .popUsed: _ = try popUsed()
    case .setNotifications: _ = try driver.setNotifications(input.choice(2) == 1)
    case .lendAll:
      while try reserve() { add() }
      publish()
    case .use: use(byteCount: input.next())
    case .setUsedIndex: memory.poke(input.next(UInt16.self), at: layout.used.offset + 2)
    case .setUsedEntry: setUsedEntry()
    case .scribble: memory.scribble()
    case .cycle: try cycle()
    }
  }

  /// A broken ring stays so and says so; each descriptor is in one place.
  private mutating func check(since broken: VringBreakage?) {
    if let broken {
      precondition(driver.broken == broken, "another reason")
      precondition(!driver.publish(), "a broken ring kicks")
      precondition(refusal { (driver) throws(VringError) in _ = try driver.reserve() })
      precondition(refusal { (driver) throws(VringError) in _ = try driver.popUsed() })
    }
    precondition(driver.unpublishedCount == added.count)
    let lent = holders.count { $0 == .lent }
    precondition(driver.lentCount == lent)
    precondition(driver.freeCount + reserved.count + added.count + lent == usable)
  }

  private mutating func refusal(
    _ body: (inout VringDriver<FuzzedMemory>) throws(VringError) -> Void
  ) -> Bool {
    do throws(VringError) {
      try body(&driver)
      return false
    } catch { return error == driver.broken.map { .broken($0) } }
  }
}

// Ours.
extension HostileDevice {
  private mutating func reserve() throws(VringError) -> Bool {
    guard let head = try driver.reserve() else { return false }
    precondition(Int(head) < usable && holders[Int(head)] == .free, "not free")
    holders[Int(head)] = .reserved
    reserved.append(head)
    return true
  }

  private mutating func takeReserved() -> UInt16? {
    guard !reserved.isEmpty else { return nil }
    return reserved.remove(at: input.choice(reserved.count))
  }

  private mutating func add() {
    guard let head = takeReserved() else { return }
    add(head, options: input.next())
  }

  private mutating func add(_ head: UInt16, options: UInt8) {
    let byteCount = UInt32(options >> 1) << 2
    posted[Int(head)] = options & 1 == 0 ? byteCount : 0
    driver.add(
      head, address: DeviceAddress(rawValue: UInt64(head) << 12), byteCount: byteCount,
      direction: options & 1 == 0 ? .deviceWrites : .deviceReads)
    holders[Int(head)] = .added
    added.append(head)
  }

  private mutating func publish() {
    _ = driver.publish()
    guard driver.broken == nil else { return }
    for head in added { holders[Int(head)] = .lent }
    added = []
  }

  private mutating func popUsed() throws(VringError) -> Bool {
    guard let used = try driver.popUsed() else { return false }
    precondition(holders[Int(used.head)] == .lent, "not lent")
    precondition(used.byteCount <= posted[Int(used.head)], "more bytes than the buffer has")
    holders[Int(used.head)] = .reserved
    reserved.append(used.head)
    usedCount += 1
    return true
  }
}

// The device's.
extension HostileDevice {
  /// Gives back the next buffer as a device should, but for the byte count.
  private mutating func use(byteCount: UInt8) {
    let available: UInt16 = memory.peek(layout.available.offset + 2)
    guard deviceSeen != available else { return }
    let mask = layout.queueSize - 1
    let head: UInt16 = memory.peek(layout.available.offset + 4 + 2 * (Int(deviceSeen) & mask))
    deviceSeen &+= 1
    let index: UInt16 = memory.peek(layout.used.offset + 2)
    let entry = layout.used.offset + 4 + 8 * (Int(index) & mask)
    memory.poke(UInt32(head), at: entry)
    memory.poke(UInt32(byteCount), at: entry + 4)
    memory.poke(index &+ 1, at: layout.used.offset + 2)
  }

  private func setUsedEntry() {
    let entry = layout.used.offset + 4 + 8 * input.choice(layout.queueSize)
    memory.poke(input.next(UInt32.self), at: entry)
    memory.poke(input.next(UInt32.self), at: entry + 4)
  }

  /// Lends and gives back one buffer many times: indices get to their wrap.
  private mutating func cycle() throws(VringError) {
    for _ in 0..<Int(input.next(UInt8.self)) * 16 {
      if reserved.isEmpty { _ = try reserve() }
      guard let head = reserved.popLast() else { return }
      add(head, options: 0)
      publish()
      use(byteCount: 0)
      guard try popUsed() else { return }
    }
  }
}

import CBench
import RPMsg
import WireTypes

/// All tests, round by round, so that what disturbs a while disturbs all alike.
struct Suite {
  private let settings: Settings
  private var figures = Figures()
  private let limits = Limits()

  init(_ settings: Settings) { self.settings = settings }

  mutating func run() throws -> Figures {
    guard bench_pin(Int32(settings.processors.0)) == 0 else { throw NoProcessor() }
    let helper = settings.twoThreads ? Helper(processor: settings.processors.1) : nil
    for _ in 0..<settings.rounds {
      for payload in settings.payloads {
        if settings.oneThread { try oneThread(payload) }
        if let helper { try twoThreads(helper, payload) }
      }
      if settings.oneThread { try endpoints() }
      if settings.twoThreads { try TwoProcesses.measure(settings, into: &figures) }
    }
    if settings.oneThread { try allocations() }
    return figures
  }

  // MARK: one thread

  private mutating func oneThread(_ payload: Int) throws {
    let count = settings.messages
    figures.add(Limits.name, "memcpy", payload, limits.copy(count, byteCount: payload))
    figures.add(Limits.name, "st_slot_ring", payload, limits.slotRing(count, byteCount: payload))
    let owner = try Self.owner { OneThread($0, $1) }
    oneThread("swift-rpmsg", owner, payload)
    let bus = try Self.bus { OneThread($0, $1) }
    oneThread("swift-rpmsgbus", bus, payload)
    bus.driver.value.pointee.close()
  }

  private mutating func oneThread<Driver: MessageEnd & ~Copyable>(
    _ name: String, _ pair: OneThread<Driver>, _ payload: Int
  ) {
    let count = settings.messages
    _ = pair.toDevice(count / 16, byteCount: payload, batch: 1)
    figures.add(
      name, "st_h2r_copy", payload, pair.toDevice(count, byteCount: payload, batch: 1))
    _ = pair.toDriver(count / 16, byteCount: payload)
    figures.add(name, "st_r2h_copy", payload, pair.toDriver(count, byteCount: payload))
    figures.add(
      name, "st_h2r_batch64_copy", payload, pair.toDevice(count, byteCount: payload, batch: 64))
  }

  /// Messages to one endpoint, the last made of many.
  private mutating func endpoints() throws {
    for number in [1, 10, 100, 1_000, 10_000] {
      let pair = try Self.bus(endpointCount: number - 1) { OneThread($0, $1) }
      _ = pair.toDriver(settings.messages / 16, byteCount: 64)
      figures.add(
        "swift-rpmsgbus", "st_r2h_endpoints_\(number)", 64,
        pair.toDriver(settings.messages, byteCount: 64))
      pair.driver.value.pointee.close()
    }
  }

  /// Allocations for a thousand messages in steady state, in the columns for times.
  private mutating func allocations() throws {
    let owner = try Self.owner { OneThread($0, $1) }
    allocations("swift-rpmsg", owner)
    let bus = try Self.bus { OneThread($0, $1) }
    allocations("swift-rpmsgbus", bus)
    bus.driver.value.pointee.close()
  }

  private mutating func allocations<Driver: MessageEnd & ~Copyable>(
    _ name: String, _ pair: OneThread<Driver>
  ) {
    let count = max(1_024, settings.messages)
    func both() {
      _ = pair.toDevice(count, byteCount: 64, batch: 1)
      _ = pair.toDriver(count, byteCount: 64)
    }
    both()
    let before = bench_allocations()
    both()
    let made = Double(bench_allocations() - before) * 1_000 / Double(2 * count)
    figures.add(name, "allocations_1000", 64, Sample(nanoseconds: made, switches: 0, probe: nil))
  }

  // MARK: two threads

  private mutating func twoThreads(_ helper: Helper, _ payload: Int) throws {
    let count = settings.messages
    figures.add(
      Limits.name, "rtt_slot_ring", payload,
      limits.slotRingRoundTrip(helper, count, byteCount: payload))
    figures.add(
      Limits.name, "oneway_slot_ring", payload,
      limits.slotRingOneWay(helper, count, byteCount: payload))
    let owner = try Self.owner { TwoThreads(helper, $0, $1) }
    twoThreads("swift-rpmsg", owner, payload)
    let bus = try Self.bus { TwoThreads(helper, $0, $1) }
    twoThreads("swift-rpmsgbus", bus, payload)
    bus.driver.value.pointee.close()
  }

  private mutating func twoThreads<Driver: MessageEnd & ~Copyable>(
    _ name: String, _ pair: TwoThreads<Driver>, _ payload: Int
  ) {
    let count = settings.messages
    figures.add(name, "rtt_copy", payload, pair.roundTrip(count, byteCount: payload))
    figures.add(
      name, "oneway_copy", payload, pair.oneWay(count, byteCount: payload, batch: 1))
    figures.add(
      name, "oneway_batch8_copy", payload, pair.oneWay(count, byteCount: payload, batch: 8))
  }

  // MARK: links

  /// Both ends of a new link, without locks.
  private static func owner<Pair>(
    _ make: (consuming DriverEnd, consuming DeviceEnd) -> Pair
  ) throws -> Pair {
    let link = try SharedLink()
    let (first, second) = (Bell(), Bell())
    let driver = try DriverEnd(link, ours: first, theirs: second)
    return make(driver, try DeviceEnd(link, ours: second, theirs: first))
  }

  /// A bus and a device of a new link.
  private static func bus<Pair>(
    endpointCount: Int = 0, _ make: (consuming BusEnd, consuming DeviceEnd) -> Pair
  ) throws -> Pair {
    let link = try SharedLink()
    let (first, second) = (Bell(), Bell())
    let driver = try BusEnd(link, ours: first, theirs: second, endpointCount: endpointCount)
    return make(driver, try DeviceEnd(link, ours: second, theirs: first))
  }
}

/// The process may not run on the processor that `CPU_A` names.
struct NoProcessor: Error {}

import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

/// Both facades on one region: the device at one place, the driver at the other.
private struct Pairing: ~Copyable {
  var device: RPMsgRemote<SharedWindow, CountingBell>
  var driver: RPMsgDriverRemote<SharedWindow, CountingBell>
  let deviceBell = CountingBell()
  let driverBell = CountingBell()

  init(queueSize: UInt32, alignment: UInt32 = 16) throws {
    let link = try RPMsgLink(queueSize: queueSize, alignment: alignment)
    var driver = try RPMsgDriverRemote(driving: link.device, doorbell: driverBell)
    let device = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: deviceBell)
    driver.start()
    self.driver = driver
    self.device = device
  }
}

/// What one side has sent and the other not yet got, by endpoint.
private struct Expected {
  var toDevice: [[UInt8]] = []
  var toDriver: [[UInt8]] = []
}

@Suite("Both roles in both places")
struct PairingTests {
  private static let queueSizes: [UInt32] = [1, 2, 16, 256, 1024]

  @Test("The driver's start lends its buffers and kicks once; a second one does nothing")
  func start() throws {
    var pair = try Pairing(queueSize: 4)
    #expect(pair.driverBell.counts == [1, 0])
    pair.driver.start()
    #expect(pair.driverBell.counts == [1, 0])
    #expect(pair.driver.payloadCapacity == 496 && pair.device.payloadCapacity == 496)
  }

  @Test("Without buffers from the driver the device cannot send")
  func notStarted() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let bell = CountingBell()
    var driver = try RPMsgDriverRemote(driving: link.device, doorbell: bell)
    var device = try RPMsgRemote(
      entry: link.device.entry, reachable: link.reachable, doorbell: bell)
    let address = try device.makeEndpoint(named: WireName("late"))
    #expect(refusal { () throws(RPMsgError) in try device.announce(address) } == .noBuffer)
    #expect(try driver.poll { _, _, _ in .done } == 0)
    try device.announce(address)
  }

  @Test("A service of the driver is learnt by the device, and the other way round")
  func nameService() throws {
    var pair = try Pairing(queueSize: 8)
    let name = WireName("rpmsg-raw")
    let device = try pair.device.makeEndpoint(named: name)
    let driver = try pair.driver.makeEndpoint(named: name, at: EndpointAddress(rawValue: 77))
    try pair.driver.announce(driver)
    #expect(try pair.device.poll { _, _, _ in .done } == 0)
    #expect(pair.device.endpoint(device)?.peer == driver)
    try pair.device.announce(device)
    #expect(try pair.driver.poll { _, _, _ in .done } == 0)
    #expect(pair.driver.endpoint(driver)?.peer == device)
    try pair.driver.withdraw(driver)
    #expect(try pair.device.poll { _, _, _ in .done } == 0)
    #expect(pair.device.endpoint(device)?.peer == nil)
    #expect(pair.device.droppedCount == 0 && pair.driver.droppedCount == 0)
  }

  @Test("A device that breaks a ring breaks the driver's facade, and its reason stays")
  func hostileDevice() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let bell = CountingBell()
    var driver = try RPMsgDriverRemote(driving: link.device, doorbell: bell)
    driver.start()
    link.device.vrings[0].memory.store(5 as UInt16, at: link.layout.used.offset + 2)
    for _ in 0..<2 {
      #expect(
        refusal { () throws(RPMsgError) in _ = try driver.poll { _, _, _ in .done } }
          == .vring(.broken(.usedIndexJump(index: 5, consumed: 0, lent: 4))))
    }
    #expect(bell.counts == [1, 0])
  }

  @Test("A message for nobody is dropped and its buffer lent again")
  func dropped() throws {
    var pair = try Pairing(queueSize: 2)
    let asker = try pair.device.makeEndpoint()
    for round in 1...5 as ClosedRange<UInt32> {
      try pair.device.send(
        [1, 2].span.bytes, from: asker, to: EndpointAddress(rawValue: 4000))
      #expect(try pair.driver.poll { _, _, _ in .done } == 0)
      #expect(pair.driver.droppedCount == round)
    }
  }

  @Test("Firmware that drives echoes across the wrap of every index")
  func driverEchoes() throws {
    var pair = try Pairing(queueSize: 4)
    let address = try pair.driver.makeEndpoint(at: EndpointAddress(rawValue: 30))
    let asker = try pair.device.makeEndpoint()
    for round in 0..<70_000 {
      let sent = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: round % 497)
      try pair.device.send(sent.span.bytes, from: asker, to: address)
      let answered = try pair.driver.poll { header, bytes, answers in
        do throws(RPMsgError) {
          try answers.enqueue(bytes, from: header.destination, to: header.source)
        } catch { return .retry }
        return .done
      }
      try #require(answered == 1)
      var got: [UInt8] = [1]
      let came = try pair.device.poll { header, bytes, _ in
        got = bytes.withUnsafeBytes { Array($0) }
        return header.source == address && header.destination == asker ? .done : .retry
      }
      try #require(came == 1 && got == sent, "round \(round)")
    }
  }

  @Test(
    "Messages at random in both directions: in order, none lost, none twice",
    arguments: queueSizes, [11, 12] as [UInt64])
  func random(queueSize: UInt32, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var pair = try Pairing(queueSize: queueSize, alignment: 64)
    let device = try pair.device.makeEndpoint(), driver = try pair.driver.makeEndpoint()
    var expected = Expected()
    for step in 0..<6000 {
      let bytes = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: step % 497)
      switch random.next() % 6 {
      case 0, 1:
        let isSent = try send(bytes) { (bytes) throws(RPMsgError) in
          try pair.driver.send(bytes, from: driver, to: device)
        }
        if isSent { expected.toDevice.append(bytes) }
      case 2, 3:
        let isSent = try send(bytes) { (bytes) throws(RPMsgError) in
          try pair.device.send(bytes, from: device, to: driver)
        }
        if isSent { expected.toDriver.append(bytes) }
      case 4:
        let limit = Int(random.next() % 8)
        try take(&expected.toDevice, limit, seed) { handle in
          _ = try pair.device.poll { _, bytes, _ in handle(bytes) }
        }
      default:
        let limit = Int(random.next() % 8)
        try take(&expected.toDriver, limit, seed) { handle in
          _ = try pair.driver.poll { _, bytes, _ in handle(bytes) }
        }
      }
      let most = Int(queueSize) + 1
      try #require(expected.toDevice.count <= most && expected.toDriver.count <= most)
    }
    #expect(pair.device.droppedCount == 0 && pair.driver.droppedCount == 0)
  }

  /// Whether a message found a buffer.
  private func send(
    _ bytes: [UInt8], _ body: (RawSpan) throws(RPMsgError) -> Void
  ) throws -> Bool {
    do throws(RPMsgError) {
      try body(bytes.span.bytes)
      return true
    } catch .noBuffer { return false } catch { throw error }
  }

  /// Takes at most `limit` messages, which must be the first of `expected`.
  private func take(
    _ expected: inout [[UInt8]], _ limit: Int, _ seed: UInt64,
    _ poll: ((RawSpan) -> RPMsgVerdict) throws -> Void
  ) throws {
    var got: [[UInt8]] = []
    try poll { bytes in
      guard got.count < limit else { return .retry }
      got.append(bytes.withUnsafeBytes { Array($0) })
      return .done
    }
    try #require(got.count <= expected.count, "seed \(seed)")
    for bytes in got { try #require(bytes == expected.removeFirst(), "seed \(seed)") }
  }
}

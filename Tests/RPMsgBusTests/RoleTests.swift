import RPMsg
import RPMsgBus
import SharedMemory
import Testing
import Virtio
import Vring
import WireTypes

/// Two buses on one device: one drives it, the other serves it.
struct BusPair {
  let link: BusLink
  let driver: RPMsgHostBus
  let device: RPMsgHostBus
  let driverEvents = Recorder<RPMsgBusEvent>()
  let deviceEvents = Recorder<RPMsgBusEvent>()

  init(queueSize: UInt32 = 16) throws {
    link = try BusLink(queueSize: queueSize)
    let (driverEvents, deviceEvents) = (driverEvents, deviceEvents)
    driver = try RPMsgHostBus(binding: link.device, doorbell: CountingBell()) {
      driverEvents.add($0)
    }
    device = try RPMsgHostBus(
      serving: link.device, reachable: link.reachable, doorbell: CountingBell()
    ) { deviceEvents.add($0) }
  }

  func drain() {
    // What one receives may make it answer, so until neither has received anything.
    var before: UInt64 = .max
    while before != received {
      before = received
      _ = driver.notified()
      _ = device.notified()
    }
  }

  private var received: UInt64 {
    driver.statistics.receivedMessages + device.statistics.receivedMessages
  }

  func close() {
    device.close()
    driver.close()
  }
}

@Suite("Both roles on the host", .timeLimit(.minutes(1)))
struct RoleTests {
  @Test("Nobody serves a device whose driver is not ready", arguments: [0, 3, 0x87] as [UInt8])
  func notReady(status: UInt8) throws {
    let link = try BusLink()
    link.region.window.store(status, at: 20)
    #expect(throws: RPMsgBusError.driverNotReady(VirtioStatus(rawValue: status))) {
      try RPMsgHostBus(serving: link.device, reachable: link.reachable, doorbell: CountingBell())
    }
    #expect(link.device.entry.status.rawValue == status)
  }

  @Test("Another kind of device is not served")
  func wrongDevice() throws {
    let link = try BusLink(id: 11)
    #expect(throws: RPMsgBusError.wrongDevice(.remoteSerial)) {
      try RPMsgHostBus(serving: link.device, reachable: link.reachable, doorbell: CountingBell())
    }
  }

  @Test("A device announces; the driver opens the channel; messages go both ways, in order")
  func bothWays() throws {
    let pair = try BusPair(queueSize: 4)
    #expect(pair.driver.role == .driver)
    #expect(pair.device.role == .device)
    let atDevice = Recorder<RPMsgMessage>()
    let atDriver = Recorder<RPMsgMessage>()
    let served = try pair.device.makeEndpoint(announcing: WireName("svc")) {
      endpoint, header, bytes in
      atDevice.add(RPMsgMessage(header, bytes))
      do { try endpoint.trySend(bytes) } catch { Issue.record(error) }
    }
    pair.drain()
    let channel = try require(pair.driver.channels.first)
    #expect(channel.remoteAddress == served.address)
    let endpoint = try channel.open { _, header, bytes in
      atDriver.add(RPMsgMessage(header, bytes))
    }
    for number in 0..<200 {
      try endpoint.trySend([UInt8(number), 7])
      pair.drain()
    }
    #expect(atDevice.items.map(\.payload) == (0..<200).map { [UInt8($0), 7] })
    #expect(atDriver.items.map(\.payload) == (0..<200).map { [UInt8($0), 7] })
    #expect(served.remoteAddress == endpoint.address)
    pair.close()
  }

  @Test("M08: the first sender becomes the peer for good, and an event says so")
  func pinned() throws {
    let pair = try BusPair()
    let served = try pair.device.makeEndpoint(announcing: WireName("svc")) { _, _, _ in }
    #expect(served.remoteAddress == nil)
    #expect(!served.isPeerReady)
    #expect(throws: RPMsgBusError.noRemoteAddress(served.address)) { try served.trySend([1]) }
    let first = try pair.driver.makeEndpoint { _, _, _ in }
    let second = try pair.driver.makeEndpoint { _, _, _ in }
    try first.trySend([1], to: served.address)
    try second.trySend([1], to: served.address)
    pair.drain()
    #expect(served.remoteAddress == first.address)
    #expect(served.isPeerReady)
    let expected = RPMsgBusEvent.peerReady(
      address: served.address, remoteAddress: first.address)
    #expect(pair.deviceEvents.items.filter { $0 == expected }.count == 1)
    pair.close()
  }

  @Test("When both ends announce a service its endpoints belong together, and can send at once")
  func bothAnnounce() throws {
    let pair = try BusPair()
    let received = Recorder<UInt8>()
    let ours = try pair.driver.makeEndpoint(announcing: WireName("svc")) { _, header, bytes in
      received.add(RPMsgMessage(header, bytes).payload[0])
    }
    let theirs = try pair.device.makeEndpoint(announcing: WireName("svc")) { _, _, _ in }
    pair.drain()
    #expect(ours.remoteAddress == theirs.address)
    #expect(theirs.remoteAddress == ours.address)
    try theirs.trySend([9])
    pair.drain()
    #expect(received.items == [9])
    pair.close()
  }

  @Test("A driver that resets the device ends the bus that serves it")
  func driverGone() throws {
    let pair = try BusPair()
    let endpoint = try pair.device.makeEndpoint(remoteAddress: .firstDynamic) { _, _, _ in }
    pair.driver.close()
    #expect(!pair.device.notified())
    #expect(throws: RPMsgBusError.deviceFailed([])) { try endpoint.trySend([1]) }
    #expect(pair.deviceEvents.items == [.failed([])])
    pair.device.close()
  }

  @Test("A device that closes leaves the status, which is the driver's")
  func deviceCloses() throws {
    let pair = try BusPair()
    pair.device.close()
    #expect(pair.link.device.entry.status.rawValue == 7)
    pair.driver.close()
    #expect(pair.link.device.entry.status.rawValue == 0)
  }

  @Test("M11: in the device role too the longest message goes and a longer one is refused")
  func longest() throws {
    let pair = try BusPair()
    let received = Recorder<Int>()
    let target = try pair.driver.makeEndpoint { _, _, bytes in received.add(bytes.byteCount) }
    let endpoint = try pair.device.makeEndpoint(remoteAddress: target.address) { _, _, _ in }
    #expect(endpoint.maximumByteCount == 496)
    try endpoint.trySend([UInt8](repeating: 1, count: 496))
    #expect(throws: RPMsgBusError.messageTooLong(byteCount: 497, limit: 496)) {
      try endpoint.trySend([UInt8](repeating: 1, count: 497))
    }
    pair.drain()
    #expect(received.items == [496])
    pair.close()
  }

  @Test("A device whose driver lends no buffer would block, and goes on when one is lent")
  func deviceBlocks() throws {
    let pair = try BusPair(queueSize: 2)
    let target = try pair.driver.makeEndpoint { _, _, _ in }
    let endpoint = try pair.device.makeEndpoint(remoteAddress: target.address) { _, _, _ in }
    try endpoint.trySend([1])
    try endpoint.trySend([2])
    #expect(throws: RPMsgBusError.wouldBlock) { try endpoint.trySend([3]) }
    pair.drain()
    try endpoint.trySend([3])
    #expect(endpoint.statistics.sentMessages == 3)
    pair.close()
  }
}

import RPMsg
import SharedMemory
import Vring
import WireTypes

/// Addresses of the two ends.
enum Addresses {
  static let driver = EndpointAddress(rawValue: 1024)
  static let device = EndpointAddress(rawValue: 1025)
}

/// The driver's end without locks: `swift-rpmsg`.
struct DriverEnd: MessageEnd, ~Copyable {
  private var transmitter: RPMsgDriverTransmitter<SharedWindow>
  private var receiver: RPMsgDriverReceiver<SharedWindow>
  private let outgoing = Scratch()
  private let incoming = Scratch()
  private let ours: Bell
  private let theirs: Bell
  private var polls = false
  private(set) var inbox = Inbox()

  init(_ link: SharedLink, ours: Bell, theirs: Bell) throws {
    let transmitter = try RPMsgDriverTransmitter(link.device)
    let receiver = try RPMsgDriverReceiver(link.device)
    self.transmitter = transmitter
    self.receiver = receiver
    (self.ours, self.theirs) = (ours, theirs)
    if self.receiver.publish() { theirs.ring() }
  }

  mutating func restart(echoes: Bool, polls: Bool) {
    inbox = Inbox(echoes: echoes)
    self.polls = polls
    do throws(RPMsgError) { _ = try receiver.setNotifications(!polls) } catch { fail(error) }
  }

  mutating func send(_ number: UInt64, byteCount: Int) -> Bool {
    guard put(outgoing.message(number, byteCount: byteCount)) else { return false }
    if transmitter.publish() { theirs.ring() }
    return true
  }

  mutating func send(batchFrom number: UInt64, count: Int, byteCount: Int) -> Int {
    let bytes = outgoing.messages(from: number, count: count, byteCount: byteCount)
    do throws(RPMsgError) {
      let sent = try put(batch: bytes, byteCount)
      if transmitter.publish() { theirs.ring() }
      return sent
    } catch .noBuffer {
      return 0
    } catch { fail(error) }
  }

  private mutating func put(
    batch bytes: UnsafeRawBufferPointer, _ byteCount: Int
  ) throws(RPMsgError) -> Int {
    try transmitter.enqueue(
      batch: RawSpan(_unsafeBytes: bytes), each: byteCount, from: Addresses.driver,
      to: Addresses.device)
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(RPMsgError) {
      try transmitter.enqueue(
        RawSpan(_unsafeBytes: bytes), from: Addresses.driver, to: Addresses.device)
      return true
    } catch .noBuffer {
      return false
    } catch { fail(error) }
  }

  private mutating func next(
    into bytes: UnsafeMutableRawBufferPointer
  ) throws(RPMsgError) -> RPMsgReceived? {
    var target = MutableRawSpan(_unsafeBytes: bytes)
    return try receiver.receive(into: &target)
  }

  mutating func receive() {
    guard polls || ours.take() else { return }
    let bytes = incoming.bytes
    do throws(RPMsgError) {
      while let received = try next(into: bytes) {
        guard case .message(let header) = received else { fail(RPMsgError.emptyName) }
        let payload = UnsafeRawBufferPointer(
          start: bytes.baseAddress, count: Int(header.byteCount))
        inbox.count(RawSpan(_unsafeBytes: payload))
        if inbox.echoes {
          while !put(payload) {}
          if transmitter.publish() { theirs.ring() }
        }
        if receiver.unpublishedCount >= 64, receiver.publish() { theirs.ring() }
      }
    } catch { fail(error) }
    if receiver.unpublishedCount > 0, receiver.publish() { theirs.ring() }
  }
}

/// The device's end without locks, as in firmware.
struct DeviceEnd: MessageEnd, ~Copyable {
  private var transmitter: RPMsgDeviceTransmitter<SharedWindow>
  private var receiver: RPMsgDeviceReceiver<SharedWindow>
  private let outgoing = Scratch()
  private let incoming = Scratch()
  private let ours: Bell
  private let theirs: Bell
  private var polls = false
  private(set) var inbox = Inbox()

  init(_ link: SharedLink, ours: Bell, theirs: Bell) throws {
    let (first, second) = (NotifyID(rawValue: 0), NotifyID(rawValue: 1))
    let toDriver = try link.deviceRing(0)
    let toDevice = try link.deviceRing(1)
    transmitter = RPMsgDeviceTransmitter(ring: toDriver, notifyID: first)
    receiver = RPMsgDeviceReceiver(ring: toDevice, notifyID: second)
    (self.ours, self.theirs) = (ours, theirs)
  }

  mutating func restart(echoes: Bool, polls: Bool) {
    inbox = Inbox(echoes: echoes)
    self.polls = polls
    do throws(RPMsgError) { _ = try receiver.setNotifications(!polls) } catch { fail(error) }
  }

  mutating func send(_ number: UInt64, byteCount: Int) -> Bool {
    guard put(outgoing.message(number, byteCount: byteCount), to: Addresses.driver) else {
      return false
    }
    if transmitter.publish() { theirs.ring() }
    return true
  }

  mutating func send(batchFrom number: UInt64, count: Int, byteCount: Int) -> Int {
    var sent = 0
    while sent < count,
      put(outgoing.message(number &+ UInt64(sent), byteCount: byteCount), to: Addresses.driver)
    {
      sent &+= 1
    }
    if transmitter.publish() { theirs.ring() }
    return sent
  }

  /// Sends to `address` instead of the one address of the driver's end.
  mutating func send(_ number: UInt64, byteCount: Int, to address: EndpointAddress) -> Bool {
    guard put(outgoing.message(number, byteCount: byteCount), to: address) else { return false }
    if transmitter.publish() { theirs.ring() }
    return true
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer, to address: EndpointAddress) -> Bool {
    do throws(RPMsgError) {
      try transmitter.enqueue(RawSpan(_unsafeBytes: bytes), from: Addresses.device, to: address)
      return true
    } catch .noBuffer {
      return false
    } catch { fail(error) }
  }

  private mutating func next(
    into bytes: UnsafeMutableRawBufferPointer
  ) throws(RPMsgError) -> RPMsgReceived? {
    var target = MutableRawSpan(_unsafeBytes: bytes)
    return try receiver.receive(into: &target)
  }

  mutating func receive() {
    guard polls || ours.take() else { return }
    let bytes = incoming.bytes
    do throws(RPMsgError) {
      while let received = try next(into: bytes) {
        guard case .message(let header) = received else { fail(RPMsgError.emptyName) }
        let payload = UnsafeRawBufferPointer(
          start: bytes.baseAddress, count: Int(header.byteCount))
        inbox.count(RawSpan(_unsafeBytes: payload))
        if inbox.echoes {
          while !put(payload, to: header.source) {}
          if transmitter.publish() { theirs.ring() }
        }
        if inbox.received & 63 == 0, receiver.publish() { theirs.ring() }
      }
    } catch { fail(error) }
    if receiver.publish() { theirs.ring() }
  }
}

import SharedMemory
public import Vring
public import WireTypes

/// What a handler did with a message.
public enum RPMsgVerdict: Equatable, Sendable {
  /// It is dealt with.
  case done
  /// It cannot be dealt with now, such as when no buffer is free for the answer. The next
  /// ``RPMsgOwnedBus/poll(_:)`` offers the same message again, before any other.
  case retry
}

/// rpmsg for one owner: a table of endpoints on top of both rings, in either virtio role.
///
/// Made for firmware, where it is called ``RPMsgRemote`` or ``RPMsgDriverRemote`` by its role. Runs
/// in one context without locks: an interrupt's bottom half or a polling loop calls ``poll(_:)``.
/// Memory is taken when it is made, and never after.
///
/// Firmware that has announced a service cannot send on it before it has received a message:
/// only then does it know where its peer is.
public struct RPMsgOwnedBus<
  Transmitter: RPMsgTransmitter & ~Copyable, Receiver: RPMsgReceiver & ~Copyable, Bell: Doorbell
>: ~Copyable, Sendable {
  /// Messages dropped because they were malformed or for nobody here; wraps.
  public private(set) var droppedCount: UInt32 = 0

  private var transmitter: Transmitter
  private var receiver: Receiver
  private let doorbell: Bell
  private var endpoints: EndpointSlots
  private var payload: PrivateArray<UInt8>
  /// The message whose payload lies in `payload` and which a handler wants again.
  private var waiting: RPMsgHeader?

  /// Joins both directions; the driver must have said that it is ready.
  ///
  /// A message with more than `payloadCapacity` bytes of payload is dropped.
  ///
  /// - Precondition: `endpointCapacity >= 1`; a driver's `payloadCapacity` is at least that of its
  ///   receiver.
  public init(
    transmitter: consuming Transmitter, receiver: consuming Receiver, doorbell: Bell,
    endpointCapacity: Int = 8, payloadCapacity: Int = RPMsgHeader.defaultPayloadCapacity
  ) {
    self.transmitter = transmitter
    self.receiver = receiver
    self.doorbell = doorbell
    endpoints = EndpointSlots(capacity: endpointCapacity)
    payload = PrivateArray(repeating: 0, count: payloadCapacity)
  }

  /// The longest payload that can be received, in bytes.
  public var payloadCapacity: Int { payload.count }
}

// Endpoints.
extension RPMsgOwnedBus where Transmitter: ~Copyable, Receiver: ~Copyable {
  /// Makes an endpoint at `address`, or at the lowest free one from 1024 on.
  ///
  /// - Throws: ``RPMsgError/tooManyEndpoints(capacity:)``, ``RPMsgError/addressInUse(_:)``, or
  ///   ``RPMsgError/illegalAddress(_:)`` for 0 and the name service's.
  public mutating func makeEndpoint(
    named name: WireName = WireName(), at address: EndpointAddress = .any
  ) throws(RPMsgError) -> EndpointAddress {
    try endpoints.make(name, at: address)
  }

  /// Removes an endpoint; its name, if announced, is to be withdrawn first.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``.
  public mutating func removeEndpoint(_ address: EndpointAddress) throws(RPMsgError) {
    try endpoints.remove(address)
  }

  /// The endpoint at `address`, if there is one.
  public func endpoint(_ address: EndpointAddress) -> RPMsgRemoteEndpoint? { endpoints[address] }

  /// Tells the other side that the endpoint's service is there.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``, ``RPMsgError/emptyName``, and as
  ///   ``send(_:from:to:)``.
  public mutating func announce(_ address: EndpointAddress) throws(RPMsgError) {
    try sendNameService(address, isWithdrawal: false)
  }

  /// Tells the other side that the endpoint's service is gone.
  ///
  /// - Throws: as ``announce(_:)``.
  public mutating func withdraw(_ address: EndpointAddress) throws(RPMsgError) {
    try sendNameService(address, isWithdrawal: true)
  }

  private mutating func sendNameService(
    _ address: EndpointAddress, isWithdrawal: Bool
  ) throws(RPMsgError) {
    try endpoints.withAnnouncement(of: address, isWithdrawal: isWithdrawal) {
      (bytes) throws(RPMsgError) in
      try transmitter.enqueue(bytes, from: address, to: .nameService)
    }
    flush()
  }
}

// Messages.
extension RPMsgOwnedBus where Transmitter: ~Copyable, Receiver: ~Copyable {
  /// Sends one message and kicks the other side, unless it asked not to.
  ///
  /// - Throws: ``RPMsgError/illegalAddress(_:)``, ``RPMsgError/noBuffer``,
  ///   ``RPMsgError/payloadTooLong(byteCount:capacity:)`` or ``RPMsgError/vring(_:)``.
  public mutating func send(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) {
    try transmitter.enqueue(payload, from: source, to: destination)
    flush()
  }

  /// Sends one message to whom the endpoint talks to.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``, ``RPMsgError/peerUnknown(_:)``, and as
  ///   ``send(_:from:to:)``.
  public mutating func send(
    _ payload: RawSpan, from source: EndpointAddress
  ) throws(RPMsgError) {
    try send(payload, from: source, to: try endpoints.peer(of: source))
  }

  /// Hands every message that has arrived to `handle`, at most one ring's worth; returns how many.
  ///
  /// The payload is a private copy, valid during the call. Answers go through the transmitter the
  /// handler gets; they and the emptied buffers are shown to the other side once, at the end, with
  /// at most one kick for each ring.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the other side broke a ring.
  public mutating func poll(
    _ handle: (RPMsgHeader, RawSpan, inout Transmitter) -> RPMsgVerdict
  ) throws(RPMsgError) -> Int {
    var count = 0
    defer { flush() }
    // A side that sends without end gets one ring's worth of our time.
    for _ in 0..<receiver.messageLimit {
      guard try fetch() else { break }
      guard let header = waiting else { continue }
      let verdict = payload.withBytes(0..<Int(header.byteCount)) { bytes in
        handle(header, bytes, &transmitter)
      }
      if verdict == .retry { break }
      waiting = nil
      count += 1
    }
    return count
  }

  /// Asks the other side to kick us when it sends, or no longer to; polling firmware needs no
  /// kicks.
  ///
  /// Returns whether messages wait already: after turning on, poll once more before sleeping.
  ///
  /// - Throws: ``RPMsgError/vring(_:)``.
  public mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    try receiver.setNotifications(enabled) || waiting != nil
  }

  /// Takes one message out of the ring unless one waits; `false`: the ring is empty.
  ///
  /// Afterwards `waiting` has the message, if it was for one of our endpoints.
  private mutating func fetch() throws(RPMsgError) -> Bool {
    if waiting != nil { return true }
    let received = try payload.withMutableBytes { (bytes) throws(RPMsgError) in
      try receiver.receive(into: &bytes)
    }
    guard let received else { return false }
    if !accept(received) { droppedCount &+= 1 }
    return true
  }

  /// Keeps a message for its endpoint, or learns of a service; `false`: it was neither.
  private mutating func accept(_ received: RPMsgReceived) -> Bool {
    guard case .message(let header) = received else { return false }
    if header.destination == .nameService {
      return payload.withBytes(0..<Int(header.byteCount)) { endpoints.learnService($0) }
    }
    guard endpoints.hear(header.source, at: header.destination) else { return false }
    waiting = header
    return true
  }

  /// Shows the other side what is new in both rings; both roles skip the ring without news.
  @inline(never)
  package mutating func flush() {
    if transmitter.publish() { doorbell.kick(transmitter.notifyID) }
    if receiver.publish() { doorbell.kick(receiver.notifyID) }
  }
}

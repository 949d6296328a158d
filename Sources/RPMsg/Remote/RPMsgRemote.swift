public import SharedMemory
public import Vring
public import WireTypes

/// What a handler did with a message.
public enum RPMsgVerdict: Equatable, Sendable {
  /// It is dealt with.
  case done
  /// It cannot be dealt with now, such as when no buffer is free for the answer. The next
  /// ``RPMsgRemote/poll(_:)`` offers the same message again, before any other.
  case retry
}

/// rpmsg for firmware: a table of endpoints on top of both rings.
///
/// Runs in one context without locks: an interrupt's bottom half or a polling loop calls
/// ``poll(_:)``. Memory is taken when it is made, and never after.
///
/// Firmware that has announced a service cannot send on it before it has received a message:
/// only then does it know where its peer is.
public struct RPMsgRemote<Memory: ForeignMemory, Bell: Doorbell>: ~Copyable, Sendable {
  /// The longest payload that can be received.
  public static var payloadCapacity: Int { 496 }

  /// Messages dropped because they were malformed or for nobody here; wraps.
  public private(set) var droppedCount: UInt32 = 0

  private var transmitter: RPMsgDeviceTransmitter<Memory>
  private var receiver: RPMsgDeviceReceiver<Memory>
  private let doorbell: Bell
  private var endpoints: PrivateArray<RPMsgRemoteEndpoint?>
  private var payload = InlineArray<496, UInt8>(repeating: 0)
  /// The message whose payload lies in `payload` and which a handler wants again.
  private var waiting: RPMsgHeader?

  /// Joins both directions; the driver must have said that it is ready.
  ///
  /// - Precondition: `endpointCapacity >= 1`.
  public init(
    transmitter: consuming RPMsgDeviceTransmitter<Memory>,
    receiver: consuming RPMsgDeviceReceiver<Memory>, doorbell: Bell, endpointCapacity: Int = 8
  ) {
    precondition(endpointCapacity >= 1, "a table without endpoints")
    self.transmitter = transmitter
    self.receiver = receiver
    self.doorbell = doorbell
    endpoints = PrivateArray(repeating: nil, count: endpointCapacity)
  }
}

// Endpoints.
extension RPMsgRemote {
  /// Makes an endpoint at `address`, or at the lowest free one from 1024 on.
  ///
  /// - Throws: ``RPMsgError/tooManyEndpoints(capacity:)``, ``RPMsgError/addressInUse(_:)``, or
  ///   ``RPMsgError/illegalAddress(_:)`` for 0 and the name service's.
  public mutating func makeEndpoint(
    named name: WireName = WireName(), at address: EndpointAddress = .any
  ) throws(RPMsgError) -> EndpointAddress {
    let chosen = address == .any ? lowestFreeAddress() : address
    guard chosen != .nameService, chosen.rawValue != 0 else { throw .illegalAddress(chosen) }
    guard slot(of: chosen) == nil else { throw .addressInUse(chosen) }
    for index in 0..<endpoints.count where endpoints[index] == nil {
      endpoints[index] = RPMsgRemoteEndpoint(address: chosen, name: name.terminated, peer: nil)
      return chosen
    }
    throw .tooManyEndpoints(capacity: endpoints.count)
  }

  /// Removes an endpoint; its name, if announced, is to be withdrawn first.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``.
  public mutating func removeEndpoint(_ address: EndpointAddress) throws(RPMsgError) {
    guard let index = slot(of: address) else { throw .noEndpoint(address) }
    endpoints[index] = nil
  }

  /// The endpoint at `address`, if there is one.
  public func endpoint(_ address: EndpointAddress) -> RPMsgRemoteEndpoint? {
    slot(of: address).flatMap { endpoints[$0] }
  }

  /// Tells the host that the endpoint's service is there.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``, ``RPMsgError/emptyName``, and as
  ///   ``send(_:from:to:)``.
  public mutating func announce(_ address: EndpointAddress) throws(RPMsgError) {
    try sendNameService(address, isWithdrawal: false)
  }

  /// Tells the host that the endpoint's service is gone.
  ///
  /// - Throws: as ``announce(_:)``.
  public mutating func withdraw(_ address: EndpointAddress) throws(RPMsgError) {
    try sendNameService(address, isWithdrawal: true)
  }

  private mutating func sendNameService(
    _ address: EndpointAddress, isWithdrawal: Bool
  ) throws(RPMsgError) {
    guard let index = slot(of: address), let endpoint = endpoints[index] else {
      throw .noEndpoint(address)
    }
    guard !endpoint.name.isEmpty else { throw .emptyName }
    let message = NameServiceMessage(
      name: endpoint.name, address: address, isWithdrawal: isWithdrawal)
    var bytes = InlineArray<40, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var raw = unsafe span.mutableBytes
    message.encode(into: &raw)
    // SAFETY: bytes have no padding.
    try unsafe transmitter.enqueue(bytes.span.bytes, from: address, to: .nameService)
    flush()
  }

  private func lowestFreeAddress() -> EndpointAddress {
    var candidate = EndpointAddress.firstDynamic
    // Some address among the first `capacity + 1` is free.
    while slot(of: candidate) != nil {
      candidate = EndpointAddress(rawValue: candidate.rawValue &+ 1)
    }
    return candidate
  }

  private func slot(of address: EndpointAddress) -> Int? {
    for index in 0..<endpoints.count where endpoints[index]?.address == address { return index }
    return nil
  }
}

// Messages.
extension RPMsgRemote {
  /// Sends one message and kicks the host, unless it asked not to.
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
    guard let index = slot(of: source), let endpoint = endpoints[index] else {
      throw .noEndpoint(source)
    }
    guard let peer = endpoint.peer else { throw .peerUnknown(source) }
    try send(payload, from: source, to: peer)
  }

  /// Hands every message that has arrived to `handle`, at most one ring's worth; returns how many.
  ///
  /// The payload is a private copy, valid during the call. Answers go through the transmitter the
  /// handler gets; they and the emptied buffers are shown to the host once, at the end, with at
  /// most one kick for each ring.
  ///
  /// - Throws: ``RPMsgError/vring(_:)`` when the host broke a ring.
  public mutating func poll(
    _ handle: (RPMsgHeader, RawSpan, inout RPMsgDeviceTransmitter<Memory>) -> RPMsgVerdict
  ) throws(RPMsgError) -> Int {
    var count = 0
    defer { flush() }
    // A host that sends without end gets one ring's worth of our time.
    for _ in 0..<receiver.queueSize {
      guard try fetch() else { break }
      guard let header = waiting else { continue }
      // SAFETY: bytes have no padding.
      let bytes = unsafe payload.span.bytes
      let verdict = handle(
        header, bytes.extracting(first: Int(header.byteCount)), &transmitter)
      if verdict == .retry { break }
      waiting = nil
      count += 1
    }
    return count
  }

  /// Asks the host to kick us when it sends, or no longer to; polling firmware needs no kicks.
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
    var span = payload.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var raw = unsafe span.mutableBytes
    guard let received = try receiver.receive(into: &raw) else { return false }
    guard case .message(let header) = received else {
      droppedCount &+= 1
      return true
    }
    if header.destination == .nameService {
      if !learnService(header) { droppedCount &+= 1 }
    } else if let index = slot(of: header.destination) {
      if endpoints[index]?.peer == nil { endpoints[index]?.peer = header.source }
      waiting = header
    } else {
      droppedCount &+= 1
    }
    return true
  }

  /// Takes note of a service of the host; `false`: the announcement was malformed.
  private mutating func learnService(_ header: RPMsgHeader) -> Bool {
    // SAFETY: bytes have no padding.
    let bytes = unsafe payload.span.bytes.extracting(first: Int(header.byteCount))
    let message: NameServiceMessage
    // Malformed announcements are counted by the caller; there is nobody to tell.
    do throws(RPMsgError) { message = try NameServiceMessage(decoding: bytes) } catch {
      return false
    }
    for index in 0..<endpoints.count where endpoints[index]?.name == message.name {
      if message.isWithdrawal {
        if endpoints[index]?.peer == message.address { endpoints[index]?.peer = nil }
      } else if endpoints[index]?.peer == nil {
        endpoints[index]?.peer = message.address
      }
    }
    return true
  }

  /// Shows the host what is new in both rings.
  private mutating func flush() {
    if transmitter.publish() { doorbell.kick(transmitter.notifyID) }
    if receiver.publish() { doorbell.kick(receiver.notifyID) }
  }
}

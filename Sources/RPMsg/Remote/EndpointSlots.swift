import SharedMemory
import WireTypes

/// A fixed number of places for endpoints, searched one by one: firmware has few.
///
/// Names lie apart, in the form of the message that announces them: values with a name in them are
/// copied byte by byte, which costs firmware more code than all the rest.
struct EndpointSlots: ~Copyable, Sendable {
  // Not private: Swift 6.3 emits broken debug code for a private type in the array below.
  struct Slot: Sendable {
    /// "any", which no endpoint can have, marks a free place.
    var address = EndpointAddress.any
    var peer: EndpointAddress?
  }

  private var slots: PrivateArray<Slot>
  /// The announcement of each place.
  private var announcements: PrivateArray<UInt8>
  private static var announcementByteCount: Int { NameServiceMessage.encodedByteCount }
  private static var nameByteCount: Int { 32 }

  /// - Precondition: `capacity >= 1`.
  init(capacity: Int) {
    precondition(capacity >= 1, "a table without endpoints")
    slots = PrivateArray(repeating: Slot(), count: capacity)
    announcements = PrivateArray(
      repeating: 0, count: capacity * NameServiceMessage.encodedByteCount)
  }

  /// The place of `address`; that of "any" is a free one.
  @inline(never)
  private func index(of address: EndpointAddress) -> Int? {
    for index in 0..<slots.count where slots[index].address == address { return index }
    return nil
  }

  /// The place of the endpoint at `address`.
  private func find(_ address: EndpointAddress) throws(RPMsgError) -> Int {
    guard address != .any, let index = index(of: address) else { throw .noEndpoint(address) }
    return index
  }

  /// The endpoint at `address`, if there is one.
  subscript(address: EndpointAddress) -> RPMsgRemoteEndpoint? {
    guard address != .any, let index = index(of: address) else { return nil }
    var name = WireName()
    let start = index * Self.announcementByteCount
    for offset in 0..<Self.nameByteCount { name.storage[offset] = announcements[start + offset] }
    return RPMsgRemoteEndpoint(address: address, name: name, peer: slots[index].peer)
  }

  /// Whom the endpoint at `address` talks to.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)`` or ``RPMsgError/peerUnknown(_:)``.
  func peer(of address: EndpointAddress) throws(RPMsgError) -> EndpointAddress {
    guard let peer = slots[try find(address)].peer else { throw .peerUnknown(address) }
    return peer
  }

  /// Calls `body` with the message that announces, or withdraws, the service at `address`.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``, ``RPMsgError/emptyName``, and what `body` throws.
  mutating func withAnnouncement(
    of address: EndpointAddress, isWithdrawal: Bool,
    _ body: (RawSpan) throws(RPMsgError) -> Void
  ) throws(RPMsgError) {
    let start = try find(address) * Self.announcementByteCount
    guard announcements[start] != 0 else { throw .emptyName }
    // The lowest byte of the flags.
    announcements[start + Self.announcementByteCount - 4] = isWithdrawal ? 1 : 0
    try announcements.withBytes(start..<start + Self.announcementByteCount, body)
  }

  /// Makes an endpoint at `address`, or for "any" at the lowest free one from 1024 on.
  ///
  /// - Throws: ``RPMsgError/tooManyEndpoints(capacity:)``, ``RPMsgError/addressInUse(_:)``, or
  ///   ``RPMsgError/illegalAddress(_:)`` for 0 and the name service's.
  mutating func make(
    _ name: WireName, at address: EndpointAddress
  ) throws(RPMsgError) -> EndpointAddress {
    var chosen = address
    if address == .any {
      chosen = .firstDynamic
      // Some address among the first `capacity + 1` is free.
      while index(of: chosen) != nil { chosen = EndpointAddress(rawValue: chosen.rawValue &+ 1) }
    } else {
      guard chosen != .nameService, chosen.rawValue != 0 else { throw .illegalAddress(chosen) }
      guard index(of: chosen) == nil else { throw .addressInUse(chosen) }
    }
    guard let free = index(of: .any) else { throw .tooManyEndpoints(capacity: slots.count) }
    slots[free] = Slot(address: chosen)
    let start = free * Self.announcementByteCount
    announcements.withMutableBytes { bytes in
      // What follows the name is zero, whatever the field had there.
      var hasEnded = false
      for offset in 0..<Self.nameByteCount {
        let byte = name.storage[offset]
        hasEnded = hasEnded || byte == 0 || offset == Self.nameByteCount - 1
        bytes.storeLittleEndian(hasEnded ? 0 : byte, at: start + offset)
      }
      bytes.storeLittleEndian(chosen.rawValue, at: start + Self.nameByteCount)
    }
    return chosen
  }

  /// Frees the place of `address`.
  ///
  /// - Throws: ``RPMsgError/noEndpoint(_:)``.
  mutating func remove(_ address: EndpointAddress) throws(RPMsgError) {
    let index = try find(address)
    slots[index] = Slot()
    announcements[index * Self.announcementByteCount] = 0
  }

  /// Notes who talks to the endpoint at `address`, the first time; `false`: there is none.
  mutating func hear(_ source: EndpointAddress, at address: EndpointAddress) -> Bool {
    guard address != .any, let index = index(of: address) else { return false }
    if slots[index].peer == nil { slots[index].peer = source }
    return true
  }

  /// Takes note of a service of the other side; `false`: the announcement was malformed.
  mutating func learnService(_ payload: RawSpan) -> Bool {
    let message: (address: EndpointAddress, flags: UInt32)
    // Malformed announcements are counted by the caller; there is nobody to tell.
    do throws(RPMsgError) { message = try NameServiceMessage.fields(of: payload) } catch {
      return false
    }
    for index in 0..<slots.count where isName(of: index, in: payload) {
      if message.flags & 1 != 0 {
        if slots[index].peer == message.address { slots[index].peer = nil }
      } else if slots[index].peer == nil {
        slots[index].peer = message.address
      }
    }
    return true
  }

  /// Whether an announcement, which is never without a name, has the name of a place.
  private func isName(of index: Int, in payload: RawSpan) -> Bool {
    let start = index * Self.announcementByteCount
    // The last byte counts as NUL.
    for offset in 0..<Self.nameByteCount - 1 {
      let byte: UInt8 = payload.littleEndian(at: offset)
      if byte != announcements[start + offset] { return false }
      if byte == 0 { return true }
    }
    return true
  }
}

import RPMsg

/// The endpoints of a bus by their address, each found by one array access.
///
/// Addresses below 1024 are for who asks for them; those from 1024 on are also given out, the
/// lowest free one first. Source: practice (Linux).
struct EndpointTable: ~Copyable {
  private var slots: [RPMsgEndpoint?]
  /// No dynamic address below this one is free.
  private var lowestFree = Self.firstDynamic
  private static let firstDynamic = Int(EndpointAddress.firstDynamic.rawValue)

  init(dynamicCount: Int) {
    slots = Array(repeating: nil, count: Self.firstDynamic + dynamicCount)
  }

  /// The endpoint that has `address`.
  subscript(address: EndpointAddress) -> RPMsgEndpoint? {
    let index = Int(truncatingIfNeeded: address.rawValue)
    guard index < slots.count else { return nil }
    return slots[index]
  }

  /// The address that an endpoint which asks for `wanted` gets.
  mutating func freeAddress(
    _ wanted: EndpointAddress
  ) throws(RPMsgBusError) -> EndpointAddress {
    guard wanted == .any else {
      guard wanted != .nameService, Int(truncatingIfNeeded: wanted.rawValue) < slots.count
      else { throw .invalidAddress(wanted) }
      guard self[wanted] == nil else { throw .addressInUse(wanted) }
      return wanted
    }
    while lowestFree < slots.count, slots[lowestFree] != nil { lowestFree += 1 }
    guard lowestFree < slots.count else {
      throw .noFreeAddress(limit: slots.count - Self.firstDynamic)
    }
    return EndpointAddress(rawValue: UInt32(truncatingIfNeeded: lowestFree))
  }

  /// Makes `endpoint` reachable.
  ///
  /// - Precondition: its address comes from `freeAddress` and nothing was added since.
  mutating func add(_ endpoint: RPMsgEndpoint) {
    slots[Int(endpoint.address.rawValue)] = endpoint
  }

  /// Frees the address of `endpoint`, unless another one has it.
  mutating func remove(_ endpoint: RPMsgEndpoint) {
    let index = Int(endpoint.address.rawValue)
    guard slots[index] === endpoint else { return }
    slots[index] = nil
    if index >= Self.firstDynamic { lowestFree = min(lowestFree, index) }
  }

  /// Removes and returns all endpoints.
  mutating func removeAll() -> [RPMsgEndpoint] {
    let all = slots.compactMap(\.self)
    for index in slots.indices { slots[index] = nil }
    lowestFree = Self.firstDynamic
    return all
  }
}

import RPMsg
import WireTypes

/// Which endpoints a bus has, and which addresses are free; guarded by a lock.
///
/// Addresses below 1024 are for who asks for them; those from 1024 on are also given out, the
/// lowest free one first. Source: practice (Linux).
struct EndpointTable: ~Copyable {
  private var endpoints: [EndpointAddress: RPMsgEndpoint] = [:]
  /// Endpoints that are gone, and that the thread which drains may still be using.
  private var retired: [RPMsgEndpoint] = []
  /// No dynamic address below this one is free.
  private var lowestFree = EndpointAddress.firstDynamic.rawValue
  private let dynamicLimit: Int?
  /// How many endpoints are announced: mostly none, and then nobody needs to look for one.
  private var announcedCount = 0
  var isClosed = false

  init(dynamicLimit: Int?) { self.dynamicLimit = dynamicLimit }

  /// The endpoint that has `address`.
  subscript(address: EndpointAddress) -> RPMsgEndpoint? { endpoints[address] }

  /// The endpoints that we have announced as `name`, by their addresses.
  func announced(as name: WireName) -> [RPMsgEndpoint] {
    guard announcedCount > 0 else { return [] }
    return endpoints.values.filter { $0.announcedName == name }
      .sorted { $0.address < $1.address }
  }

  /// The address that an endpoint which asks for `wanted` gets.
  mutating func freeAddress(
    _ wanted: EndpointAddress
  ) throws(RPMsgBusError) -> EndpointAddress {
    guard wanted == .any else {
      guard wanted != .nameService else { throw .invalidAddress(wanted) }
      guard endpoints[wanted] == nil else { throw .addressInUse(wanted) }
      return wanted
    }
    while endpoints[EndpointAddress(rawValue: lowestFree)] != nil { lowestFree += 1 }
    let limit = dynamicLimit ?? Int(UInt32.max - EndpointAddress.firstDynamic.rawValue)
    guard Int(lowestFree - EndpointAddress.firstDynamic.rawValue) < limit else {
      throw .noFreeAddress(limit: limit)
    }
    return EndpointAddress(rawValue: lowestFree)
  }

  /// Keeps `endpoint`.
  ///
  /// - Precondition: its address comes from `freeAddress` and nothing was added since.
  mutating func add(_ endpoint: RPMsgEndpoint) {
    endpoints[endpoint.address] = endpoint
    if endpoint.announcedName != nil { announcedCount += 1 }
  }

  /// Frees the address of `endpoint`; `false` when another one has it.
  mutating func remove(_ endpoint: RPMsgEndpoint) -> Bool {
    let address = endpoint.address
    guard endpoints[address] === endpoint else { return false }
    endpoints[address] = nil
    if endpoint.announcedName != nil { announcedCount -= 1 }
    retired.append(endpoint)
    if EndpointAddress.firstDynamic <= address { lowestFree = min(lowestFree, address.rawValue) }
    return true
  }

  /// Removes and returns all endpoints.
  mutating func removeAll() -> [RPMsgEndpoint] {
    defer {
      endpoints = [:]
      announcedCount = 0
      lowestFree = EndpointAddress.firstDynamic.rawValue
    }
    retired += endpoints.values
    return Array(endpoints.values)
  }

  /// Forgets one that is gone and that nobody uses.
  mutating func letGo(_ endpoint: RPMsgEndpoint) { retired.removeAll { $0 === endpoint } }

  /// Gives away those that are gone.
  mutating func takeRetired() -> [RPMsgEndpoint] {
    defer { retired = [] }
    return retired
  }
}

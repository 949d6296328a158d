public import Vring
public import WireTypes

/// Why a message could not be sent, received or understood.
public enum RPMsgError: Error, Equatable, Sendable {
  /// The buffer ends before `needed` bytes.
  case truncated(needed: Int, available: Int)
  /// The payload is longer than a buffer can carry; it is never cut.
  case payloadTooLong(byteCount: Int, capacity: Int)
  /// Messages cannot come from or go to this address.
  case illegalAddress(EndpointAddress)
  /// The other side holds all buffers at the moment.
  case noBuffer
  /// The memory for message buffers is too small; both numbers are bytes.
  case bufferMemoryTooSmall(needed: Int, available: Int)
  /// No message buffer can have so many bytes.
  case illegalBufferSize(byteCount: Int)
  /// No direction can have so many buffers.
  case illegalBufferCount(Int)
  /// rpmsg needs two vrings.
  case missingVrings(count: Int)
  /// A vring lies outside the memory that we reach.
  case unreachableVring(index: Int, address: DeviceAddress)
  /// The vring refused.
  case vring(VringError)
  /// A name-service message of the wrong length.
  case malformedNameService(byteCount: Int)
  /// A name-service message without a name.
  case emptyName
  /// A name-service message with an address that no service can have.
  case illegalServiceAddress(EndpointAddress)
  /// All `capacity` places for endpoints are taken.
  case tooManyEndpoints(capacity: Int)
  /// Another endpoint has this address.
  case addressInUse(EndpointAddress)
  /// There is no endpoint at this address.
  case noEndpoint(EndpointAddress)
  /// The endpoint at this address has not yet heard from the other side.
  case peerUnknown(EndpointAddress)
}

/// Why a message that came in was thrown away; its buffer went back to the ring.
@frozen
public enum RPMsgDropReason: Equatable, Sendable {
  /// Fewer bytes than a header has.
  case shortMessage(byteCount: Int)
  /// The header promises more payload than the buffer holds.
  case lengthExceedsBuffer(byteCount: Int, available: Int)
  /// Nobody can have sent it from this address.
  case badSource(EndpointAddress)
}

/// What a receiver took out of its ring.
@frozen
public enum RPMsgReceived: Equatable, Sendable {
  /// A message, whose payload was copied to the caller's memory.
  case message(RPMsgHeader)
  /// A malformed message; nothing was copied.
  case dropped(RPMsgDropReason)
}

#if !hasFeature(Embedded)
extension RPMsgError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "message truncated: \(needed) bytes needed, \(available) available"
    case .payloadTooLong(let byteCount, let capacity):
      "payload of \(byteCount) bytes, a buffer carries \(capacity)"
    case .illegalAddress(let address): "address \(address) cannot send or receive"
    case .noBuffer: "no free buffer"
    case .bufferMemoryTooSmall(let needed, let available):
      "message buffers need \(needed) bytes, \(available) available"
    case .illegalBufferSize(let byteCount):
      "message buffers of \(byteCount) bytes (must be 16 to 65551)"
    case .illegalBufferCount(let count): "\(count) message buffers (must be at least 1)"
    case .missingVrings(let count): "rpmsg needs 2 vrings, the device has \(count)"
    case .unreachableVring(let index, let address): "vring \(index) at \(address) is out of reach"
    case .vring(let error): error.description
    case .malformedNameService(let byteCount): "name-service message of \(byteCount) bytes, not 40"
    case .emptyName: "name-service message without a name"
    case .illegalServiceAddress(let address): "no service can have address \(address)"
    case .tooManyEndpoints(let capacity): "all \(capacity) endpoints are in use"
    case .addressInUse(let address): "address \(address) is in use"
    case .noEndpoint(let address): "no endpoint at address \(address)"
    case .peerUnknown(let address): "endpoint \(address) has not heard from the other side yet"
    }
  }
}

extension RPMsgDropReason: CustomStringConvertible {
  /// One line for a person: why the message was thrown away.
  public var description: String {
    switch self {
    case .shortMessage(let byteCount): "message of \(byteCount) bytes has no header"
    case .lengthExceedsBuffer(let byteCount, let available):
      "header promises \(byteCount) bytes of payload, \(available) are there"
    case .badSource(let address): "message from address \(address)"
    }
  }
}
#endif

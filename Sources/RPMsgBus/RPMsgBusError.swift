public import RPMsg
public import Virtio
public import Vring

/// Why the bus, one of its endpoints or a send failed.
public enum RPMsgBusError: Error, Equatable, Sendable {
  /// The device is not an rpmsg device.
  case wrongDevice(VirtioDeviceID)
  /// The vrings or the memory for message buffers cannot be used.
  case rings(RPMsgError)
  /// The entry of the device in the resource table cannot be used.
  case device(VirtioError)
  /// The message is longer than a buffer can carry; both numbers are bytes of payload.
  case messageTooLong(byteCount: Int, limit: Int)
  /// No transmit buffer is free now.
  case wouldBlock
  /// The task that waited for a transmit buffer was cancelled.
  case cancelled
  /// No transmit buffer became free for this long.
  case timedOut(after: Duration)
  /// Nothing that was waited for came from the remote for this long.
  case noAnswer(after: Duration)
  /// The remote processor stopped, crashed, or the bus was closed.
  case remoteGone
  /// The other side broke the rules of a vring; only a restart of the remote helps.
  case deviceBroken(VringBreakage)
  /// The remote has set a status that says it cannot go on; only a restart of it helps.
  case deviceFailed(VirtioStatus)
  /// Configuration space asks for buffers that cannot be; sizes are bytes, seen from the remote.
  case bufferSizesRefused(
    version: UInt8, byteCount: UInt16, alignment: UInt16, transmit: UInt32, receive: UInt32)
  /// The other side, which drives the device, has not said that it is ready.
  case driverNotReady(VirtioStatus)
  /// The endpoint was closed, by us or because the remote withdrew its channel.
  case endpointGone(EndpointAddress)
  /// The address cannot be used here: the source or destination of a message is "any", or an
  /// endpoint asks for the name service's.
  case invalidAddress(EndpointAddress)
  /// Another endpoint has the address.
  case addressInUse(EndpointAddress)
  /// All addresses that the bus may give out are taken.
  case noFreeAddress(limit: Int)
  /// The endpoint has no remote address, so a send must name one.
  case noRemoteAddress(EndpointAddress)
  /// Somebody else has opened the channel.
  case channelInUse(remoteAddress: EndpointAddress)
  /// The remote does not know the name service, so nothing can be announced.
  case nameServiceNotNegotiated
}

extension RPMsgBusError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .wrongDevice(let id): "virtio device of kind \(id) is not rpmsg (kind 7)"
    case .rings(let error): error.description
    case .device(let error): error.description
    case .messageTooLong(let byteCount, let limit):
      "message of \(byteCount) bytes is longer than the \(limit) bytes a buffer carries"
    case .wouldBlock: "no transmit buffer is free"
    case .cancelled: "the sending task was cancelled"
    case .timedOut(let time): "no transmit buffer became free within \(time)"
    case .noAnswer(let time): "the remote answered nothing for \(time)"
    case .remoteGone: "the remote processor is gone"
    case .deviceBroken(let reason): "rpmsg device broken: \(reason)"
    case .deviceFailed(let status):
      "rpmsg device failed: status 0x\(String(status.rawValue, radix: 16))"
    case .bufferSizesRefused(let version, let byteCount, let alignment, let transmit, let receive):
      "buffer sizes refused: version \(version), \(byteCount) bytes, alignment \(alignment), "
        + "\(transmit) bytes to transmit, \(receive) to receive"
    case .driverNotReady(let status):
      "the driver of the device is not ready: status 0x\(String(status.rawValue, radix: 16))"
    case .endpointGone(let address): "endpoint \(address) is closed"
    case .invalidAddress(let address): "address \(address) cannot be used"
    case .addressInUse(let address): "address \(address) is in use"
    case .noFreeAddress(let limit): "all \(limit) dynamic addresses are in use"
    case .noRemoteAddress(let address):
      "endpoint \(address) has no remote address to send to"
    case .channelInUse(let address): "the channel to \(address) is already open"
    case .nameServiceNotNegotiated: "the remote does not know the name service"
    }
  }
}

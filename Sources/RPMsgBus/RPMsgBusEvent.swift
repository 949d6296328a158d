public import RPMsg
public import Virtio
public import Vring
public import WireTypes

/// What happens on a bus besides messages, for logs and user interfaces.
public enum RPMsgBusEvent: Equatable, Sendable {
  /// The direction of a vring as the host sees it.
  public enum Direction: Equatable, Sendable {
    /// From the remote to the host, vring 0.
    case receive
    /// From the host to the remote, vring 1.
    case transmit
  }

  /// The remote announced a service.
  case channelAppeared(name: WireName, remoteAddress: EndpointAddress)
  /// The remote withdrew a service, or the bus was closed.
  case channelGone(name: WireName, remoteAddress: EndpointAddress)
  /// Our endpoint at `address`, which was announced, has learned where its peer is: from the first
  /// message to it or from an announcement of the same service. It stays so.
  case peerReady(address: EndpointAddress, remoteAddress: EndpointAddress)
  /// A service driver refused a channel, which stays unopened.
  case probeFailed(name: WireName, remoteAddress: EndpointAddress, RPMsgBusError)
  /// Something the remote sent was dropped, and before it `unreported` others since the last report.
  ///
  /// At most ten are reported in a second; ``RPMsgHostBus/statistics`` counts all.
  case dropped(RPMsgDrop, unreported: UInt64)
  /// The other side broke the rules of a vring, which works no more until the remote restarts.
  case broken(Direction, VringBreakage)
  /// The remote has set "failed" or "needs reset"; nothing is sent or received any more.
  case failed(VirtioStatus)
}

/// A message that was dropped.
public struct RPMsgDrop: Equatable, Sendable {
  /// Why a message was dropped.
  public enum Reason: Error, Equatable, Sendable {
    /// Fewer bytes than a header.
    case shortMessage
    /// The header promises more bytes than were written.
    case lengthExceedsBuffer
    /// Nobody has the destination address.
    case noEndpoint
    /// The source address is 0 or "any".
    case badSource
    /// A message to the name service that is not one of its messages.
    case malformedNameService
    /// A name service message though the feature was not negotiated.
    case nameServiceNotNegotiated
    /// An announcement without a name.
    case emptyName
    /// An announced address that no service may have.
    case badServiceAddress
    /// More announcements than the bus holds channels.
    case tooManyChannels
    /// An announced address that another channel has.
    case addressConflict
    /// A withdrawal of what was never announced.
    case unknownChannel
  }

  /// Why it was dropped.
  public let reason: Reason
  /// Who sent it, as far as the message says.
  public let source: EndpointAddress
  /// Who it was for, as far as the message says.
  public let destination: EndpointAddress
  /// Bytes of payload, as the header says.
  public let byteCount: Int

  init(_ reason: Reason, _ header: RPMsgHeader) {
    self.reason = reason
    source = header.source
    destination = header.destination
    byteCount = Int(header.byteCount)
  }

  /// A message that was malformed already in the ring; addresses that are not known are "any".
  init(_ reason: RPMsgDropReason) {
    destination = .any
    switch reason {
    case .shortMessage(let count): (self.reason, source, byteCount) = (.shortMessage, .any, count)
    case .lengthExceedsBuffer(let count, _):
      (self.reason, source, byteCount) = (.lengthExceedsBuffer, .any, count)
    case .badSource(let address): (self.reason, source, byteCount) = (.badSource, address, 0)
    }
  }
}

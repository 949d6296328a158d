public import WireTypes

/// One local address of the remote, and whom it talks to.
public struct RPMsgRemoteEndpoint: Equatable, Sendable {
  /// Where messages for the endpoint go.
  public let address: EndpointAddress
  /// The service it is announced as; empty: none.
  public let name: WireName
  /// The endpoint on the other side, once it has sent something; it does not change after that.
  public internal(set) var peer: EndpointAddress?
}

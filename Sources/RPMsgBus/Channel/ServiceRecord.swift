import WireTypes

/// A registered service driver, without its type.
struct ServiceRecord: Sendable {
  let name: WireName
  private let probeChannel: @Sendable (RPMsgChannel) throws(RPMsgBusError) -> Void
  private let channelReady: @Sendable (RPMsgChannel) -> Void
  private let removeChannel: @Sendable (RPMsgChannel) -> Void

  init(_ driver: some RPMsgServiceDriver) {
    name = driver.channelName
    probeChannel = { (channel) throws(RPMsgBusError) in try driver.probe(channel) }
    channelReady = { driver.peerReady($0) }
    removeChannel = { driver.remove($0) }
  }

  func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) { try probeChannel(channel) }

  func peerReady(_ channel: RPMsgChannel) { channelReady(channel) }

  func remove(_ channel: RPMsgChannel) { removeChannel(channel) }
}

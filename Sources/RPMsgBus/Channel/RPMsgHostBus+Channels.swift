import RPMsg
import Scheduling
import Virtio
import WireTypes

// Channels and the drivers that serve them.
extension RPMsgHostBus {
  /// The channels the remote has announced and not withdrawn, oldest first.
  public var channels: [RPMsgChannel] { channelTable.withLock { $0.channels } }

  /// Offers all channels of the driver's name to it: those that are there and those to come.
  ///
  /// When several drivers serve a name the first one that opens the channel has it.
  public func register(_ driver: some RPMsgServiceDriver) {
    let record = ServiceRecord(driver)
    let waiting = channelTable.withLock { $0.add(record) }
    for channel in waiting { channel.probe(record) }
  }

  /// Acts on a message to the name service; returns why it was dropped, if so.
  func handleNameService(_ payload: RawSpan) -> RPMsgDrop.Reason? {
    guard features.contains(.nameService) else { return .nameServiceNotNegotiated }
    do throws(RPMsgError) {
      let message = try NameServiceMessage(decoding: payload)
      return message.isWithdrawal ? withdrawn(message) : announced(message)
    } catch .emptyName {
      return .emptyName
    } catch .illegalServiceAddress {
      return .badServiceAddress
    } catch {
      return .malformedNameService
    }
  }

  private func announced(_ message: NameServiceMessage) -> RPMsgDrop.Reason? {
    let channel: RPMsgChannel?
    let drivers: [ServiceRecord]
    do throws(RPMsgDrop.Reason) {
      (channel, drivers) = try channelTable.withLock { (table) throws(RPMsgDrop.Reason) in
        (try table.add(message, to: self), table.drivers(for: message.name))
      }
    } catch { return error }
    // Both ends may announce a service: then they belong together.
    let ours = endpoints.withLock { $0.announced(as: message.name) }
    if let peer = ours.first(where: { $0.remoteAddress == nil }) {
      peer.becomeReady(message.address)
    }
    guard let channel else { return nil }
    report(.channelAppeared(name: channel.name, remoteAddress: channel.remoteAddress))
    for driver in drivers { channel.probe(driver) }
    return nil
  }

  private func withdrawn(_ message: NameServiceMessage) -> RPMsgDrop.Reason? {
    do throws(RPMsgDrop.Reason) {
      let channel = try channelTable.withLock { (table) throws(RPMsgDrop.Reason) in
        try table.remove(message)
      }
      retire(channel)
      return nil
    } catch { return error }
  }

  func retire(_ channel: RPMsgChannel) {
    channel.retire()
    report(.channelGone(name: channel.name, remoteAddress: channel.remoteAddress))
  }
}

import RPMsg
import WireTypes

/// The announced channels of a bus and the drivers that wait for some.
struct ChannelTable {
  private(set) var channels: [RPMsgChannel] = []
  private var drivers: [ServiceRecord] = []
  private var isClosed = false

  /// Adds what `message` announces; `nil` when it is there already.
  mutating func add(
    _ message: NameServiceMessage, to bus: RPMsgHostBus
  ) throws(RPMsgDrop.Reason) -> RPMsgChannel? {
    for channel in channels where channel.remoteAddress == message.address {
      guard channel.name == message.name else { throw .addressConflict }
      return nil
    }
    guard !isClosed, channels.count < bus.options.maximumChannelCount else {
      throw .tooManyChannels
    }
    let channel = RPMsgChannel(bus: bus, name: message.name, remoteAddress: message.address)
    channels.append(channel)
    return channel
  }

  /// Removes what `message` withdraws.
  mutating func remove(
    _ message: NameServiceMessage
  ) throws(RPMsgDrop.Reason) -> RPMsgChannel {
    let index = channels.firstIndex { channel in
      channel.remoteAddress == message.address && channel.name == message.name
    }
    guard let index else { throw .unknownChannel }
    return channels.remove(at: index)
  }

  /// Adds a driver; returns the channels that it may want.
  mutating func add(_ driver: ServiceRecord) -> [RPMsgChannel] {
    drivers.append(driver)
    return channels.filter { $0.name == driver.name }
  }

  /// The drivers that serve channels called `name`, first come first.
  func drivers(for name: WireName) -> [ServiceRecord] { drivers.filter { $0.name == name } }

  /// Forgets everything for good; returns the channels there were.
  mutating func close() -> [RPMsgChannel] {
    isClosed = true
    drivers = []
    defer { channels = [] }
    return channels
  }
}

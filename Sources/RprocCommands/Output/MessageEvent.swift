/// A message on a channel.
package struct MessageEvent: Equatable, Sendable {
  /// Which way it went, seen from the host.
  package enum Direction: String, Equatable, Sendable {
    case received, sent
  }

  /// The name of the channel.
  package var channel: String
  /// The endpoint that sent it.
  package var source: UInt32
  /// The endpoint it went to.
  package var destination: UInt32
  /// Bytes of payload.
  package var byteCount: Int
  /// Which way it went.
  package var direction: Direction
  /// Its number in a series, from 1 on.
  package var number: Int?
  /// The payload as text, where it is meant for people.
  package var text: String?

  /// Makes the event of a message.
  package init(
    channel: String, source: UInt32, destination: UInt32, byteCount: Int, direction: Direction,
    number: Int? = nil, text: String? = nil
  ) {
    self.channel = channel
    self.source = source
    self.destination = destination
    self.byteCount = byteCount
    self.direction = direction
    self.number = number
    self.text = text
  }
}

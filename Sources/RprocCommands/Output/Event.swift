package import Remoteproc

/// Something that happened in a run, with all that is known of it.
package enum Event: Equatable, Sendable {
  /// The life cycle went from one state to another.
  case state(from: String, to: String)
  /// An image was read and accepted.
  case firmware(FirmwareEvent)
  /// A resource of the image was granted.
  case resource(ResourceEvent)
  /// A line of a trace buffer, as the firmware wrote it.
  case trace(buffer: String, text: String)
  /// A line of console output, as the firmware wrote it.
  case console(text: String)
  /// A channel appeared or vanished.
  case channel(name: String, address: UInt32, ChannelAction)
  /// A message went over a channel.
  case message(MessageEvent)
  /// The remote crashed.
  case crash(CrashEvent)
  /// The crash of this number, from 1, is about to be recovered from, after so many seconds.
  case recovery(number: UInt64, afterSeconds: Double)
  /// The remote changed bytes of the resource table that are not its to change.
  case tableTampered(TableTampering)
  /// The memory of the crashed remote was written.
  case coredump(CoredumpEvent)
  /// Something happened on a bridge.
  case bridge(BridgeEvent)
  /// The firmware ended by itself.
  case exit(code: UInt32)
  /// Something was refused or went wrong on our side.
  case error(Failure)
  /// How the run went.
  case summary(SummaryEvent)
  /// Text of a trace that was left out, as it came faster than anybody could read it.
  case skipped(buffer: String, byteCount: UInt64)
  /// Events that were not kept, as they came faster than they could be written.
  case lost(count: Int)

  /// What became of a channel.
  package enum ChannelAction: String, Equatable, Sendable {
    case created, finished, destroyed
  }
}

/// An event with the time since the start of the command.
package struct EventRecord: Equatable, Sendable {
  /// Nanoseconds of the monotonic clock since the start.
  package var nanoseconds: UInt64
  /// What happened.
  package var event: Event

  /// Makes the record of `event`.
  package init(nanoseconds: UInt64, event: Event) {
    self.nanoseconds = nanoseconds
    self.event = event
  }
}

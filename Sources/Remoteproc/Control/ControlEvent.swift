public import Coredump
public import Virtio

/// What a ``ProcessorController`` tells those who follow it.
public enum ControlEvent: Equatable, Sendable {
  /// The firmware was looked at after the registration: the virtio devices that it will offer.
  case announced([VirtioDeviceID])
  /// The firmware could not be looked at, or the automatic boot failed.
  case registrationFailed(RemoteprocError)
  /// The state changed.
  case state(from: ProcessorState, to: ProcessorState)
  /// Something odd about the firmware that was booted or attached to.
  case notice(BootNotice)
  /// The memory of a crashed processor was dumped, to a file of this path or to a stream.
  case dumped(CoredumpReport, path: String?)
  /// The memory of a crashed processor could not be dumped; nothing of the dump is left, and
  /// recovery goes on.
  case dumpFailed(RemoteprocError)
  /// A crash is about to be recovered from, after this wait.
  case recovering(number: UInt64, after: Duration)
  /// A recovery failed.
  case recoveryFailed(RemoteprocError)
  /// The processor is left crashed, as it crashed too often.
  case gaveUp(crashes: Int, within: Duration)
  /// The remote has changed bytes of the resource table that are not its to change.
  case tableTampered(TableTampering)
  /// The firmware ended by itself with this code.
  case exited(code: UInt32)
}

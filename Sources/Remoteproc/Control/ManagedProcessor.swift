public import Virtio

/// A processor as its users see it, whatever its platform.
///
/// All functions may be called from any task. Whoever boots must shut down once; the processor
/// counts.
public protocol ManagedProcessor: Actor {
  /// The name by which it is looked up.
  nonisolated var name: String { get }

  /// Where the processor is in its life.
  var state: ProcessorState { get }
  /// Boots and attaches that wait for their shutdown or detach.
  var userCount: UInt32 { get }
  /// The name of the firmware that the next boot loads.
  var firmwareName: String { get }
  /// Crashes so far.
  var crashHistory: CrashHistory { get }
  /// What is done about crashes; the next one is judged by it.
  var recovery: RecoveryPolicy { get set }
  /// What is done about the memory of a processor that crashed; where a dump goes, its owner has
  /// said when it was made.
  var coredump: CoredumpMode { get set }
  /// The processor as the text files of Linux show it.
  var view: ProcessorView { get }

  /// Boots the processor or, if it runs already without us, attaches to it; one that is up only
  /// gets one more user.
  ///
  /// - Throws: ``RemoteprocError``, with the processor as it was.
  func boot() throws(RemoteprocError)

  /// Ends one use; the last one stops the processor.
  ///
  /// - Throws: ``RemoteprocError``; without a use that is
  ///   ``RemoteprocError/illegalTransition(_:from:)``.
  func shutdown() throws(RemoteprocError)

  /// Ends one use of an attached processor, which runs on.
  ///
  /// - Throws: ``RemoteprocError``.
  func detach() throws(RemoteprocError)

  /// Stops the clock once the firmware agreed.
  ///
  /// - Throws: ``RemoteprocError``.
  func suspend() throws(RemoteprocError)

  /// Lets the clock run again.
  ///
  /// - Throws: ``RemoteprocError``.
  func resume() throws(RemoteprocError)

  /// Starts a crashed processor again now, whatever the policy says.
  ///
  /// - Throws: ``RemoteprocError``.
  func recover() throws(RemoteprocError)

  /// Notes a crash that somebody else has found, such as a driver of a message service.
  func reportCrash(_ report: CrashReport)

  /// Chooses the firmware of the next boot.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless the processor is offline, or
  ///   ``RemoteprocError/emptyFirmwareName``.
  func setFirmware(_ name: String) throws(RemoteprocError)

  /// Looks at the firmware without booting it, and says which virtio devices it will offer.
  ///
  /// - Throws: ``RemoteprocError``.
  func lookAtFirmware() throws(RemoteprocError) -> [VirtioDeviceID]

  /// Stops the processor, whatever its users, and removes it for good.
  ///
  /// - Throws: ``RemoteprocError`` when it does not stop.
  func remove() throws(RemoteprocError)

  /// The host is about to die; returns how long it should still wait for the remote.
  func panic() -> Duration

  /// All that happens from now on.
  ///
  /// A reader that falls more than 256 events behind loses the oldest.
  nonisolated func events() -> AsyncStream<ControlEvent>

  /// Told once by the registry, when the firmware was looked at.
  func tell(_ event: ControlEvent)
}

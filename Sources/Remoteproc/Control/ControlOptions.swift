/// How a ``ProcessorController`` treats its processor.
public struct ControlOptions: Equatable, Sendable {
  /// What is asked of firmware.
  public var boot: BootOptions
  /// What is done about crashes.
  public var recovery: RecoveryPolicy
  /// What is done about the memory of a processor that crashed: nothing unless said otherwise.
  public var coredump: CoredumpPolicy
  /// Whether the processor is booted, or attached to, as soon as it is registered.
  public var bootsAutomatically: Bool
  /// How long firmware may take to finish when it is asked to shut down.
  public var gracePeriod: Duration

  /// Makes options.
  public init(
    boot: BootOptions = BootOptions(), recovery: RecoveryPolicy = RecoveryPolicy(),
    coredump: CoredumpPolicy = CoredumpPolicy(), bootsAutomatically: Bool = false,
    gracePeriod: Duration = .milliseconds(500)
  ) {
    self.boot = boot
    self.recovery = recovery
    self.coredump = coredump
    self.bootsAutomatically = bootsAutomatically
    self.gracePeriod = gracePeriod
  }
}

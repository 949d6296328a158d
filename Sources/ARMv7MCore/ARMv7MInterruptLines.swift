import Synchronization

/// The interrupt lines into one core: levels that any thread raises and lowers at any time.
///
/// A line that was high once is remembered as pending until its handler runs or the program clears
/// it; one that stays high is pending again when the handler returns. A change reaches a running
/// core at its next block of instructions. Waking a core that sleeps is the owner's job: raise
/// first, then schedule it.
public final class ARMv7MInterruptLines: Sendable {
  /// Lines that exist.
  public static let count = 64

  private let levelBits = Atomic<UInt64>(0)
  private let riseBits = Atomic<UInt64>(0)
  private let attention = Atomic<Bool>(false)
  private let systemTick = Atomic<Bool>(false)
  private let nonMaskable = Atomic<Bool>(false)
  private let event = Atomic<Bool>(false)
  /// The number of steps, in units of 1/16, that the core may reach without looking up; a host
  /// thread that wants to be noticed stores 0.
  let deadline = Atomic<UInt64>(0)

  /// Makes lines that are all low.
  public init() {}

  /// Raises line `number`; without effect while it is high.
  ///
  /// Any thread, never blocks.
  ///
  /// - Precondition: `0 <= number < count`.
  public func raise(_ number: Int) {
    precondition(number >= 0 && number < Self.count, "no such interrupt line")
    let bit = 1 << UInt64(number) as UInt64
    // ORDERING: sequentially consistent, and so is the core's store of the deadline before it reads
    // these words. Either the core reads this bit, or our 0 comes after its store and it looks again.
    let before = levelBits.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
    guard before & bit == 0 else { return }
    riseBits.bitwiseOr(bit, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// Lowers line `number`; without effect while it is low.
  ///
  /// Any thread, never blocks.
  ///
  /// - Precondition: `0 <= number < count`.
  public func lower(_ number: Int) {
    precondition(number >= 0 && number < Self.count, "no such interrupt line")
    levelBits.bitwiseAnd(~(1 << UInt64(number)), ordering: .sequentiallyConsistent)
  }

  /// Makes the SysTick exception pending.
  ///
  /// Any thread, never blocks.
  public func tick() {
    // ORDERING: as in `raise(_:)`.
    systemTick.store(true, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// Makes the NMI pending.
  ///
  /// Any thread, never blocks.
  public func raiseNMI() {
    // ORDERING: as in `raise(_:)`.
    nonMaskable.store(true, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// Sets the event that ends `wfe`, as `sev` of another core does.
  ///
  /// Any thread, never blocks.
  public func sendEvent() {
    // ORDERING: as in `raise(_:)`.
    event.store(true, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// Makes a running core leave ``ARMv7MProcessor/run(upTo:)`` with ``ARMv7MExit/attention`` soon.
  ///
  /// A request is kept until a run answers it; requests merge. Any thread, never blocks.
  public func requestAttention() {
    // ORDERING: as in `raise(_:)`.
    attention.store(true, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// All lines low, nothing remembered.
  public func reset() {
    levelBits.store(0, ordering: .sequentiallyConsistent)
    riseBits.store(0, ordering: .sequentiallyConsistent)
    systemTick.store(false, ordering: .sequentiallyConsistent)
    nonMaskable.store(false, ordering: .sequentiallyConsistent)
    event.store(false, ordering: .sequentiallyConsistent)
  }

  /// The levels, line 0 in bit 0.
  var levels: UInt64 { levelBits.load(ordering: .sequentiallyConsistent) }
  /// Lines that have risen since they were last taken.
  var rises: UInt64 { riseBits.load(ordering: .sequentiallyConsistent) }
  /// Whether a tick waits to be taken.
  var hasTick: Bool { systemTick.load(ordering: .sequentiallyConsistent) }
  /// Whether an NMI waits to be taken.
  var hasNMI: Bool { nonMaskable.load(ordering: .sequentiallyConsistent) }
  /// Whether somebody has sent an event.
  var hasEvent: Bool { event.load(ordering: .sequentiallyConsistent) }

  func takeRises() -> UInt64 {
    rises == 0 ? 0 : riseBits.exchange(0, ordering: .sequentiallyConsistent)
  }

  func takeTick() -> Bool { Self.take(systemTick) }
  func takeNMI() -> Bool { Self.take(nonMaskable) }
  func takeEvent() -> Bool { Self.take(event) }
  func takeAttention() -> Bool { Self.take(attention) }

  private static func take(_ flag: borrowing Atomic<Bool>) -> Bool {
    flag.load(ordering: .sequentiallyConsistent)
      && flag.exchange(false, ordering: .sequentiallyConsistent)
  }
}

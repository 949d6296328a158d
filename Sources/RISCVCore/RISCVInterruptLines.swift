import Synchronization

/// The three standard interrupts of machine mode, with their numbers in `mip`, `mie` and `mcause`.
///
/// Source: [RISCV-PRIV] §3.1.9.
public enum RISCVInterrupt: UInt32, Equatable, Hashable, Sendable, CaseIterable {
  /// Machine software interrupt (MSI).
  case software = 3
  /// Machine timer interrupt (MTI).
  case timer = 7
  /// Machine external interrupt (MEI).
  case external = 11
}

/// The interrupt lines into one core: levels that any thread raises and lowers at any time.
///
/// A change reaches a running core at its next block of instructions, within some tens of
/// instructions. Waking a core that sleeps is the owner's job: raise first, then schedule it.
public final class RISCVInterruptLines: Sendable {
  private let levels = Atomic<UInt32>(0)
  private let attention = Atomic<Bool>(false)
  /// The number of steps, in units of 1/16, that the core may reach without looking up; a host
  /// thread that wants to be noticed stores 0.
  let deadline = Atomic<UInt64>(0)

  /// Makes lines that are all low.
  public init() {}

  /// Raises `line`; without effect while it is high.
  ///
  /// Any thread, never blocks.
  public func raise(_ line: RISCVInterrupt) {
    let bit = 1 << line.rawValue as UInt32
    // ORDERING: sequentially consistent, and so is the core's store of the deadline before it reads
    // the levels. Either the core reads this bit, or our 0 comes after its store and it looks again.
    let before = levels.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
    if before & bit == 0 { deadline.store(0, ordering: .sequentiallyConsistent) }
  }

  /// Lowers `line`; without effect while it is low.
  ///
  /// Any thread, never blocks.
  public func lower(_ line: RISCVInterrupt) {
    levels.bitwiseAnd(~(1 << line.rawValue), ordering: .sequentiallyConsistent)
  }

  /// The levels as `mip` shows them: bit 3 software, bit 7 timer, bit 11 external.
  public var pending: UInt32 { levels.load(ordering: .sequentiallyConsistent) }

  /// Makes a running core leave ``RISCVHart/run(upTo:)`` with ``RISCVExit/attention`` soon.
  ///
  /// A request is kept until a run answers it; requests merge. Any thread, never blocks.
  public func requestAttention() {
    // ORDERING: as in `raise(_:)`.
    attention.store(true, ordering: .sequentiallyConsistent)
    deadline.store(0, ordering: .sequentiallyConsistent)
  }

  /// Takes the request for attention, if there is one.
  func takeAttention() -> Bool {
    attention.load(ordering: .sequentiallyConsistent)
      && attention.exchange(false, ordering: .sequentiallyConsistent)
  }
}

public import ARMv7MCore
public import WireTypes

/// Something that the core did and the host should know; kicks have their own way.
public enum ChipEvent: Equatable, Sendable {
  /// The firmware wrote this life-cycle word to `STATE`.
  case stateWord(UInt32)
  /// The firmware wrote these bytes to the console: a line with its end, or as much as fits.
  case console([UInt8])
  /// The firmware ended with this code; the core executes nothing more.
  case exited(code: UInt32)
  /// The core crashed; it executes nothing more.
  case crashed(ChipCrash)
}

/// A crash of a simulated core.
public struct ChipCrash: Equatable, Sendable {
  /// What went wrong.
  public enum Kind: Equatable, Sendable {
    /// A load, store or fetch that no memory and no device answered.
    case busFault
    /// A load, store or fetch of what the IOMMU does not show, or not for that; the firmware had no
    /// chance to handle it.
    case mmuFault
    /// Bits that are no instruction, or none for this privilege; of a Cortex-M any usage fault.
    case illegalInstruction
    /// An atomic access at an address that is no multiple of its size.
    case misalignedAccess
    /// `ebreak` or `ecall` that the firmware does not handle.
    case unhandledCall
    /// The firmware did not feed its watchdog in time.
    case watchdog
    /// The firmware reported a fatal error by `STATE`.
    case fatalError
    /// The core jumps to itself with interrupts off.
    case hang
  }

  /// What went wrong: of a fatal error inside an exception, the kind of that exception.
  public var kind: Kind
  /// The instruction that crashed, or the one that would have come next.
  public var pc: DeviceAddress
  /// The address that was accessed, for faults and misaligned accesses.
  public var address: DeviceAddress?
  /// What the core wanted there.
  public var access: MemoryAccess?
  /// The code that the firmware gave with `STATE`, if it did.
  public var fatalCode: UInt16?
  /// `mcause` of the exception the core was in, if any; of a Cortex-M the number of the exception.
  ///
  /// Source: [RISCV-PRIV] §3.1.15.
  public var cause: UInt32?
  /// `mtval` of that exception: an address or the bits of an instruction.
  public var value: UInt32?
  /// The fault registers of a Cortex-M.
  public var fault: ARMv7MFault?

  /// Makes a report.
  public init(
    kind: Kind, pc: DeviceAddress, address: DeviceAddress? = nil, access: MemoryAccess? = nil,
    fatalCode: UInt16? = nil,
    cause: UInt32? = nil, value: UInt32? = nil
  ) {
    self.kind = kind
    self.pc = pc
    self.address = address
    self.access = access
    self.fatalCode = fatalCode
    self.cause = cause
    self.value = value
  }
}

/// Where a chip's news go.
///
/// Both closures are called on the thread that runs the core, with the chip locked: they must not
/// block and must not call the chip. Kicks come without allocation.
public final class ChipSink: Sendable {
  let kicked: @Sendable (NotifyID) -> Void
  let happened: @Sendable (ChipEvent) -> Void

  /// Makes a sink.
  ///
  /// - Parameters:
  ///   - kicked: the firmware wrote this notify id, of any value, to `KICK`.
  ///   - happened: anything else.
  public init(
    kicked: @escaping @Sendable (NotifyID) -> Void,
    happened: @escaping @Sendable (ChipEvent) -> Void
  ) {
    self.kicked = kicked
    self.happened = happened
  }
}

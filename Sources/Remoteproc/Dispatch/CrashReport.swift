public import WireTypes

/// What a platform knows about a crash of its processor.
public struct CrashReport: Equatable, Sendable {
  /// What went wrong.
  public let kind: CrashKind
  /// Where the processor was, if known.
  public let pc: DeviceAddress?
  /// The address of the access that failed, if there was one.
  public let address: DeviceAddress?
  /// What the processor wanted there, if known.
  public let access: MemoryAccess?
  /// What else the platform knows, for a person; may be empty.
  public let detail: String

  /// Makes a report.
  public init(
    kind: CrashKind, pc: DeviceAddress? = nil, address: DeviceAddress? = nil,
    access: MemoryAccess? = nil, detail: String = ""
  ) {
    self.kind = kind
    self.pc = pc
    self.address = address
    self.access = access
    self.detail = detail
  }
}

/// What went wrong on a remote processor.
public enum CrashKind: Hashable, Sendable {
  /// An IOMMU refused an access: nothing is mapped there, or not for this access.
  case mmuFault
  /// An access hit no memory and no device.
  case busFault
  /// The processor met an instruction it does not have.
  case illegalInstruction
  /// An access or a jump was not aligned.
  case misaligned
  /// A breakpoint without a debugger.
  case breakpoint
  /// A call of the environment that nobody serves.
  case environmentCall
  /// Nobody fed the watchdog in time.
  case watchdog
  /// The firmware gave up with a code of its own.
  case fatalError(code: UInt16)
  /// The processor can never leave the instruction it is at.
  case hang
  /// The way to the processor is gone, and nobody knows what became of it.
  case peerLost
}

extension CrashKind: CustomStringConvertible {
  /// One word, and the code of a fatal error; other programs read it.
  public var description: String {
    switch self {
    case .mmuFault: "mmufault"
    case .busFault: "busfault"
    case .illegalInstruction: "illegal-instruction"
    case .misaligned: "misaligned"
    case .breakpoint: "breakpoint"
    case .environmentCall: "environment-call"
    case .watchdog: "watchdog"
    case .fatalError(let code): "fatal-error 0x" + String(code, radix: 16)
    case .hang: "hang"
    case .peerLost: "peer-lost"
    }
  }
}

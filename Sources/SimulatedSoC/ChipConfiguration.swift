public import WireTypes

/// The parts of a simulated chip and where its core sees them.
public struct ChipConfiguration: Equatable, Sendable {
  /// A piece of RAM.
  public struct Memory: Equatable, Sendable {
    /// Name for the host, such as `ram`.
    public var name: String
    /// First address as the core sees it by itself; a multiple of 4 KiB.
    ///
    /// Without one the core sees only what its IOMMU shows of it.
    public var da: DeviceAddress?
    /// First address on the bus, which the IOMMU leads to; a multiple of 4 KiB.
    public var pa: PhysicalAddress
    /// Bytes; a multiple of 4 KiB, not 0.
    public var byteCount: UInt64
    /// Whether huge pages of the host are wanted for it.
    public var hugePages: Bool

    /// Makes a description of RAM, checked when the chip is made.
    ///
    /// `pa` is `da` unless given, as on a bus without an IOMMU.
    public init(
      name: String, da: DeviceAddress?, pa: PhysicalAddress? = nil, byteCount: UInt64,
      hugePages: Bool = false
    ) {
      self.name = name
      self.da = da
      self.pa = pa ?? PhysicalAddress(rawValue: da?.rawValue ?? 0)
      self.byteCount = byteCount
      self.hugePages = hugePages
    }
  }

  /// A device with registers.
  public struct Device: Equatable, Sendable {
    /// What it does.
    public var kind: ChipDeviceKind
    /// First register; a multiple of 4 KiB.
    public var da: DeviceAddress

    /// Makes a description of a device, checked when the chip is made.
    public init(kind: ChipDeviceKind, da: DeviceAddress) {
      self.kind = kind
      self.da = da
    }
  }

  /// The core.
  public var core: ChipCoreKind = .rv32imac
  /// RAM, shared between the core and the host.
  public var memory: [Memory]
  /// Devices; at most one of a kind.
  public var devices: [Device]
  /// Cycles in a second of a stepped run, where each instruction takes one; not 0.
  public var frequencyInHertz: UInt64
  /// How long after a crash the core starts by itself from what was loaded; `nil`: never.
  ///
  /// What was loaded is a copy of the RAM at ``SimulatedChip/start(at:)``, as a part with a flash
  /// of its own has one; pages that held nothing but zeros then keep what is in them.
  public var restartDelay: Duration?
  /// Addresses for which an IOMMU answers, see ``SimulatedChip/show(_:)``; `nil`: there is none.
  ///
  /// What has a device address of its own lies elsewhere.
  public var translated: AddressRange<DeviceAddress>?

  /// The delay of a part that restarts by itself, unless something else is said.
  public static let standardRestartDelay = Duration.milliseconds(20)

  /// Makes a configuration, checked when the chip is made.
  public init(
    memory: [Memory], devices: [Device], frequencyInHertz: UInt64 = 100_000_000,
    restartDelay: Duration? = nil, translated: AddressRange<DeviceAddress>? = nil
  ) {
    self.memory = memory
    self.devices = devices
    self.frequencyInHertz = frequencyInHertz
    self.restartDelay = restartDelay
    self.translated = translated
  }
}

/// A core that a chip may have.
public enum ChipCoreKind: Equatable, Sendable {
  /// RISC-V, 32 bits, with multiplication, atomics and compressed instructions.
  case rv32imac
  /// A Cortex-M3.
  case cortexM3
  /// A Cortex-M4, with its floating-point unit or without.
  case cortexM4(hasFloat: Bool)
}

/// A kind of simulated device.
public enum ChipDeviceKind: Equatable, Sendable {
  /// ``DoorbellDevice``; `raisesExternal`: on the machine external interrupt, or line 0 of a
  /// Cortex-M's interrupt controller; else on no line.
  case doorbell(raisesExternal: Bool)
  /// The core's timer and software interrupt.
  case clint

  /// Bytes of address space that the device answers.
  public var byteCount: UInt32 {
    switch self {
    case .doorbell: 0x1000
    case .clint: 0x10000
    }
  }
}

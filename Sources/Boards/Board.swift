public import WireTypes

/// What a board is made of: cores, memory, devices and what firmware may ask for.
///
/// A value without behaviour; a platform builds the parts. Read from a file by
/// ``init(yaml:fileName:)``, which checks it, or one of ``builtInNames``.
public struct Board: Equatable, Sendable {
  /// Name for people and for the command line; 1 to 31 letters, digits, `.`, `_` or `-`.
  public var name: String
  /// The processor, or `nil` on a board that never executes.
  public var core: BoardCore?
  /// Memory of the board; no two regions overlap.
  public var memory: [BoardMemory]
  /// Devices in the core's address space; they overlap neither each other nor memory.
  public var devices: [BoardDevice]
  /// Address translation between the core and memory, or `nil` when the core sees da = pa.
  public var iommu: BoardIOMMU?
  /// What firmware may ask for.
  public var policy: BoardPolicy
  /// Pieces of ``memory`` with a name, set aside for firmware that claims them by it.
  public var regions: [BoardRegion]

  /// Where a board without a core meets a process that stands for it; `nil`: nothing executes.
  public var process: BoardProcess?

  /// Makes a board of these parts, unchecked.
  public init(
    name: String, core: BoardCore?, memory: [BoardMemory], devices: [BoardDevice] = [],
    iommu: BoardIOMMU? = nil, policy: BoardPolicy = BoardPolicy(), regions: [BoardRegion] = []
  ) {
    self.name = name
    self.core = core
    self.memory = memory
    self.devices = devices
    self.iommu = iommu
    self.policy = policy
    self.regions = regions
  }
}

/// An instruction set that a board's cores execute.
public enum BoardISA: String, CaseIterable, Equatable, Sendable {
  /// RISC-V, 32 bits, with multiplication, atomics and compressed instructions.
  case rv32imac
  /// Arm, M profile: a Cortex-M3.
  case armv7m
  /// Arm, M profile with the DSP extension: a Cortex-M4.
  case armv7em
  /// The same with the single-precision floating-point unit.
  case armv7emWithFloat = "armv7em+fp"
}

/// The cores of a board, all of one kind.
public struct BoardCore: Equatable, Sendable {
  /// The instruction set.
  public var isa: BoardISA
  /// Number of cores; 1 to 64.
  public var count: Int
  /// Nominal clock, 1 kHz to 10 GHz; a deterministic run takes one cycle for each instruction.
  public var frequencyInHertz: UInt64
  /// What happens after a crash without any doing of the host.
  public var restart = BoardRestart.none

  /// The clock of a core whose board does not give one.
  public static let defaultFrequencyInHertz: UInt64 = 100_000_000

  /// Makes a description of `count` cores, unchecked.
  public init(
    isa: BoardISA, count: Int, frequencyInHertz: UInt64 = Self.defaultFrequencyInHertz
  ) {
    self.isa = isa
    self.count = count
    self.frequencyInHertz = frequencyInHertz
  }
}

/// What a core does by itself after a crash.
public enum BoardRestart: String, CaseIterable, Equatable, Sendable {
  /// It stands still until the host starts it.
  case none
  /// It boots again what it booted before; the host attaches to it.
  case itself = "self"
}

/// The meeting place of the host and a process that plays the remote.
public struct BoardProcess: Equatable, Sendable {
  /// The path of the file that both map.
  public var file: String
  /// The path of the socket that the remote listens on.
  public var socket: String

  /// Names a meeting place, unchecked.
  public init(file: String, socket: String) {
    self.file = file
    self.socket = socket
  }
}

/// One piece of memory of a board.
public struct BoardMemory: Equatable, Sendable {
  /// Name, unique on the board; 1 to 31 letters, digits, `.`, `_` or `-`.
  public var name: String
  /// Where the core sees it; a multiple of 4 KiB.
  ///
  /// Memory without one is seen through the board's IOMMU only.
  public var da: DeviceAddress?
  /// Where the host's bus has it; a multiple of 4 KiB, equal to `da` unless the board says so.
  public var pa: PhysicalAddress
  /// Bytes; a multiple of 4 KiB, not 0.
  public var byteCount: UInt64
  /// Whether carveouts, rings and buffers may lie in it; if not, it is device memory.
  public var holdsCarveouts = true
  /// Whether the host is to make it of huge pages, if it has them.
  public var hugePages = false

  /// Makes a description of memory, unchecked; `pa` is `da` unless given.
  public init(name: String, da: DeviceAddress?, pa: PhysicalAddress? = nil, byteCount: UInt64) {
    self.name = name
    self.da = da
    self.pa = pa ?? PhysicalAddress(rawValue: da?.rawValue ?? 0)
    self.byteCount = byteCount
  }
}

/// A piece of a board's memory that exists before any firmware asks.
///
/// A resource table claims it by its name: a carveout of that name, a vring `vdev0vring0`, the
/// message buffers `vdev0buffer`.
public struct BoardRegion: Equatable, Sendable {
  /// The name; 1 to 31 letters, digits, `.`, `_` or `-`, unique on the board.
  public var name: String
  /// Where the core sees it; `nil` behind an IOMMU when any address will do.
  public var da: DeviceAddress?
  /// Where it lies on the bus; `nil` when any memory of the board will do, and always without an
  /// IOMMU, where `da` says it.
  public var pa: PhysicalAddress?
  /// Bytes; a multiple of 4 KiB, not 0.
  public var byteCount: UInt64

  /// Makes a description of a region, unchecked.
  public init(
    name: String, da: DeviceAddress? = nil, pa: PhysicalAddress? = nil, byteCount: UInt64
  ) {
    self.name = name
    self.da = da
    self.pa = pa
    self.byteCount = byteCount
  }
}

/// One device in the core's address space.
public struct BoardDevice: Equatable, Sendable {
  /// What a device does.
  public enum Kind: String, CaseIterable, Equatable, Sendable {
    /// The mailbox of the built-in boards.
    case doorbell
    /// The timer and software interrupts of a RISC-V core.
    case clint

    /// Bytes of address space it takes.
    public var byteCount: UInt64 {
      switch self {
      case .doorbell: 0x1000
      case .clint: 0x10000
      }
    }
  }

  /// The core's input that a device raises.
  public enum Interrupt: String, CaseIterable, Equatable, Sendable {
    /// The machine external interrupt of a RISC-V core, or line 0 of a Cortex-M's NVIC.
    case external
    /// None: firmware polls.
    case none
  }

  /// What it does.
  public var kind: Kind
  /// Its first register; a multiple of 4 KiB.
  public var da: DeviceAddress
  /// The line it raises; a `clint` has its own two lines besides and ``Interrupt/none`` here.
  public var interrupt: Interrupt

  /// Makes a description of a device, unchecked.
  public init(kind: Kind, da: DeviceAddress, interrupt: Interrupt = .none) {
    self.kind = kind
    self.da = da
    self.interrupt = interrupt
  }
}

/// Translation between device and physical addresses.
public struct BoardIOMMU: Equatable, Sendable {
  /// Bytes of a page of each size the unit knows, smallest first; powers of two from 4 KiB to
  /// 1 GiB.
  public var pageByteCounts: [UInt64]
  /// Device addresses that are translated; a whole number of the smallest pages.
  ///
  /// The board's devices, and memory with a device address, lie elsewhere.
  public var range: AddressRange<DeviceAddress>

  /// Makes a description of a translation unit, unchecked.
  public init(pageByteCounts: [UInt64], range: AddressRange<DeviceAddress>) {
    self.pageByteCounts = pageByteCounts
    self.range = range
  }
}

/// What firmware of a board may ask for.
public struct BoardPolicy: Equatable, Sendable {
  /// Bytes that all memory which firmware asks for may take together: carveouts, rings, buffers.
  public var maxCarveoutByteCount: UInt64
  /// Physical ranges that firmware may map; none unless listed.
  public var devmem: [AddressRange<PhysicalAddress>]

  /// The limit of a board that gives none: 64 MiB.
  public static let defaultMaxCarveoutByteCount: UInt64 = 64 << 20

  /// Makes a policy, unchecked.
  public init(
    maxCarveoutByteCount: UInt64 = Self.defaultMaxCarveoutByteCount,
    devmem: [AddressRange<PhysicalAddress>] = []
  ) {
    self.maxCarveoutByteCount = maxCarveoutByteCount
    self.devmem = devmem
  }
}

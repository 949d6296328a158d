/// Whether an image has 32-bit or 64-bit fields.
///
/// Source: [ELF] "ELF Identification", `EI_CLASS`.
public enum ELFClass: UInt8, Equatable, Sendable {
  /// 32-bit addresses and offsets.
  case elf32 = 1
  /// 64-bit addresses and offsets.
  case elf64 = 2

  /// Bytes of the file header.
  public var headerByteCount: Int { self == .elf32 ? 52 : 64 }
  /// Bytes of one program header; `e_phentsize` ought to say the same.
  public var segmentHeaderByteCount: Int { self == .elf32 ? 32 : 56 }
  /// Bytes of one section header; `e_shentsize` ought to say the same.
  public var sectionHeaderByteCount: Int { self == .elf32 ? 40 : 64 }
  /// Bytes of one symbol.
  public var symbolByteCount: Int { self == .elf32 ? 16 : 24 }
}

/// What kind of object a file is (`e_type`).
public struct ELFType: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt16

  /// Makes the type with this number; any number is possible.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Not linked yet.
  public static let relocatable = ELFType(rawValue: 1)
  /// Linked to fixed addresses.
  public static let executable = ELFType(rawValue: 2)
  /// Position independent.
  public static let shared = ELFType(rawValue: 3)
  /// The memory of a crashed program.
  public static let core = ELFType(rawValue: 4)
}

extension ELFType: CustomStringConvertible {
  /// The usual name in lower case, else `type N`.
  public var description: String {
    switch self {
    case .relocatable: "relocatable"
    case .executable: "executable"
    case .shared: "shared"
    case .core: "core"
    default: "type \(rawValue)"
    }
  }
}

/// The instruction set an image is for (`e_machine`).
public struct ELFMachine: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt16

  /// Makes the machine with this number; any number is possible.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// No machine.
  public static let none = ELFMachine(rawValue: 0)
  /// Intel 80386.
  public static let i386 = ELFMachine(rawValue: 3)
  /// Arm, 32-bit, A32 and T32 code.
  public static let arm = ELFMachine(rawValue: 40)
  /// AMD and Intel 64-bit.
  public static let x86_64 = ELFMachine(rawValue: 62)
  /// Tensilica Xtensa.
  public static let xtensa = ELFMachine(rawValue: 94)
  /// Texas Instruments C6000 digital signal processors.
  public static let tiC6000 = ELFMachine(rawValue: 140)
  /// Qualcomm Hexagon.
  public static let hexagon = ELFMachine(rawValue: 164)
  /// Arm, 64-bit.
  public static let aarch64 = ELFMachine(rawValue: 183)
  /// RISC-V, 32 and 64 bit.
  public static let riscv = ELFMachine(rawValue: 243)
}

extension ELFMachine: CustomStringConvertible {
  /// The usual name in lower case, else `machine N`.
  public var description: String {
    switch self {
    case .none: "none"
    case .i386: "i386"
    case .arm: "arm"
    case .x86_64: "x86_64"
    case .xtensa: "xtensa"
    case .tiC6000: "c6000"
    case .hexagon: "hexagon"
    case .aarch64: "aarch64"
    case .riscv: "riscv"
    default: "machine \(rawValue)"
    }
  }
}

/// How much of the format a lookup insists on.
public enum ELFStrictness: Equatable, Sendable {
  /// What [ELF] demands: names inside a string table, bytes only where a section has some.
  case specification
  /// Only what keeps every read inside the file, as far as Linux goes where Linux survives.
  case memorySafe
}

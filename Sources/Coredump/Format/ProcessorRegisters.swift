public import WireTypes

/// What a processor's registers hold, in the order in which debuggers expect them.
public struct ProcessorRegisters: Equatable, Sendable {
  /// An instruction set whose registers have a place in core files.
  public enum InstructionSet: Equatable, Sendable {
    /// RISC-V with 32-bit registers.
    case riscv32
    /// Arm with 32-bit registers, the M profile included.
    case arm32
  }

  /// A register with its name.
  public struct Register: Equatable, Sendable {
    /// The usual name in lower case.
    public var name: String
    /// What it holds.
    public var value: UInt64

    /// Makes a register.
    public init(name: String, value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  /// Whose registers they are.
  public let instructionSet: InstructionSet
  /// The words of the general registers, in the order of Linux's `elf_gregset_t`.
  let words: [UInt32]
  /// Registers that core files have no place for, such as `mcause`; our own note holds them.
  public var special: [Register]

  init(_ instructionSet: InstructionSet, words: [UInt32], special: [Register]) {
    self.instructionSet = instructionSet
    self.words = words
    self.special = special
  }

  /// Registers of a RISC-V core: `pc`, and `x0` to `x31`.
  ///
  /// - Precondition: there are 32 integer registers.
  public static func riscv32(
    pc: UInt32, integers: [UInt32], special: [Register] = []
  ) -> ProcessorRegisters {
    precondition(integers.count == 32, "RISC-V has 32 integer registers")
    // The program counter takes the place of x0, which is always 0.
    return ProcessorRegisters(.riscv32, words: [pc] + integers.dropFirst(), special: special)
  }

  /// Registers of an Arm core: `r0` to `r15`, and the program status.
  ///
  /// - Precondition: there are 16 integer registers.
  public static func arm32(
    integers: [UInt32], status: UInt32, special: [Register] = []
  ) -> ProcessorRegisters {
    precondition(integers.count == 16, "Arm has 16 integer registers")
    // The last word is Linux's copy of r0, which only system calls have.
    return ProcessorRegisters(.arm32, words: integers + [status, integers[0]], special: special)
  }

  /// The next instruction, or the one that crashed.
  public var pc: DeviceAddress {
    DeviceAddress(rawValue: UInt64(words[instructionSet == .riscv32 ? 0 : 15]))
  }

  /// All general registers with the names that assemblers use.
  public var general: [Register] {
    zip(instructionSet.registerNames, words).map { name, word in
      Register(name: name, value: UInt64(word))
    }
  }
}

extension ProcessorRegisters.InstructionSet {
  /// Names in the order of the words; words after the last name are not registers.
  fileprivate var registerNames: [String] {
    switch self {
    case .riscv32:
      [
        "pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
        "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3",
        "t4", "t5", "t6",
      ]
    case .arm32: (0..<13).map { "r\($0)" } + ["sp", "lr", "pc", "xpsr"]
    }
  }
}

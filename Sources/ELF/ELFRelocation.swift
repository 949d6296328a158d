import WireTypes

/// One place of an image that depends on where it is loaded.
struct ELFRelocation {
  /// What is written there.
  enum Kind {
    /// Nothing.
    case none
    /// The addend, moved.
    case relative
    /// A symbol plus the addend.
    case absolute
    /// A symbol.
    case slot
  }

  /// Where the entry lies in the file; error messages name it.
  let offset: Int
  /// The place, as the image was linked.
  let address: UInt64
  let kind: Kind
  let symbol: UInt32
  /// `nil` when the place itself holds it.
  let addend: UInt64?

  /// Reads an entry of `r_offset`, `r_info` and, if `isExplicit`, `r_addend`.
  ///
  /// | ELF32 | ELF64 | Field      |
  /// |------:|------:|------------|
  /// |     0 |     0 | `r_offset` |
  /// |     4 |     8 | `r_info`   |
  /// |     8 |    16 | `r_addend` |
  ///
  /// Source: [ELF] "Relocation".
  init(reading file: ELFFile, at offset: Int, isExplicit: Bool) throws(ELFError) {
    let size = file.elfClass == .elf32 ? 4 : 8
    self.offset = offset
    address = file.word(at: offset)
    let info = file.word(at: offset + size)
    addend = isExplicit ? file.word(at: offset + 2 * size) : nil
    let type: UInt32
    if file.elfClass == .elf32 {
      (symbol, type) = (UInt32(info >> 8), UInt32(info & 0xff))
    } else {
      (symbol, type) = (UInt32(info >> 32), UInt32(truncatingIfNeeded: info))
    }
    guard let kind = Kind(type, of: file.machine, file.elfClass) else {
      throw .unsupportedRelocation(offset: offset, type: type, machine: file.machine)
    }
    self.kind = kind
  }

  /// Bytes of one entry.
  static func byteCount(of elfClass: ELFClass, isExplicit: Bool) -> Int {
    (elfClass == .elf32 ? 4 : 8) * (isExplicit ? 3 : 2)
  }
}

extension ELFRelocation.Kind {
  /// What a type of relocation does; `nil` for one that only a dynamic linker needs.
  ///
  /// Source: practice (the ELF supplements of Arm, RISC-V and AArch64).
  init?(_ type: UInt32, of machine: ELFMachine, _ elfClass: ELFClass) {
    switch (machine, elfClass, type) {
    case (_, _, 0): self = .none
    case (.arm, .elf32, 23), (.riscv, _, 3), (.aarch64, .elf64, 1027): self = .relative
    case (.arm, .elf32, 2), (.riscv, .elf32, 1), (.riscv, .elf64, 2), (.aarch64, .elf64, 257):
      self = .absolute
    case (.arm, .elf32, 21), (.arm, .elf32, 22), (.riscv, _, 5), (.aarch64, .elf64, 1025),
      (.aarch64, .elf64, 1026):
      self = .slot
    default: return nil
    }
  }
}

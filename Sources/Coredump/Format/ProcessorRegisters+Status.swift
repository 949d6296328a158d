import WireTypes

/// Registers as a note that debuggers know (`NT_PRSTATUS`), little-endian.
///
/// | Offset | Bytes | Field           | Here                                        |
/// |-------:|------:|-----------------|---------------------------------------------|
/// |     12 |     2 | `pr_cursig`     | the signal that comes nearest to the crash  |
/// |     24 |     4 | `pr_pid`        | number of the core, from 1                  |
/// |     72 |       | `pr_reg`        | the words                                   |
///
/// All else is 0. RISC-V has 32 words in 204 bytes, Arm 18 words in 148 bytes.
/// Source: practice (struct elf_prstatus of 32-bit Linux, which GDB and binutils read).
extension ProcessorRegisters {
  private static let owner = "CORE"
  private static let type: UInt32 = 1
  private static let signalOffset = 12
  private static let processOffset = 24
  private static let wordsOffset = 72

  /// The note.
  ///
  /// - Parameters:
  ///   - core: the number of the core, from 1.
  ///   - signal: the number of a Linux signal; 0 for a processor that did not crash.
  /// - Returns: the note.
  public func statusNote(core: UInt32 = 1, signal: UInt16) -> CoredumpNote {
    var bytes = [UInt8](repeating: 0, count: instructionSet.statusByteCount)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    raw.storeLittleEndian(signal, at: Self.signalOffset)
    raw.storeLittleEndian(core, at: Self.processOffset)
    for (index, word) in words.enumerated() {
      raw.storeLittleEndian(word, at: Self.wordsOffset + 4 * index)
    }
    return CoredumpNote(owner: Self.owner, type: Self.type, bytes: bytes)
  }

  /// The registers in `note`, or `nil` when it is no such note of this instruction set.
  public init?(_ note: CoredumpNote, _ instructionSet: InstructionSet) {
    guard note.owner == Self.owner, note.type == Self.type,
      note.bytes.count == instructionSet.statusByteCount
    else { return nil }
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let raw = unsafe note.bytes.span.bytes
    let words = (0..<instructionSet.wordCount).map { index in
      raw.littleEndian(at: Self.wordsOffset + 4 * index, as: UInt32.self)
    }
    self.init(instructionSet, words: words, special: [])
  }
}

extension ProcessorRegisters.InstructionSet {
  fileprivate var statusByteCount: Int { self == .riscv32 ? 204 : 148 }
  fileprivate var wordCount: Int { self == .riscv32 ? 32 : 18 }
}

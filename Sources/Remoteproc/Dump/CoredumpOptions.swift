public import Coredump
public import ELF

/// What a dump holds, and how much may be spent on it.
public struct CoredumpOptions: Equatable, Sendable {
  /// How the dump is laid out.
  public var form: CoredumpForm
  /// 32 or 64 bits; `nil` takes what the image has, or 64 when 32 do not hold the memory.
  public var elfClass: ELFClass?
  /// Whether vrings and message buffers that have no carveout of the firmware are dumped as well.
  public var includesRings: Bool
  /// How long writing may take.
  public var timeLimit: Duration
  /// The most bytes of memory that a copied dump may take; zeroes do not count.
  public var maximumCopyByteCount: UInt64
  /// What the owner knows besides, such as the name of the image; at the end of the facts.
  public var facts: [CoredumpFacts.Fact]

  /// Makes options; without arguments the usual ones.
  public init(
    form: CoredumpForm = .elf, elfClass: ELFClass? = nil, includesRings: Bool = true,
    timeLimit: Duration = .seconds(30), maximumCopyByteCount: UInt64 = 256 << 20,
    facts: [CoredumpFacts.Fact] = []
  ) {
    self.form = form
    self.elfClass = elfClass
    self.includesRings = includesRings
    self.timeLimit = timeLimit
    self.maximumCopyByteCount = maximumCopyByteCount
    self.facts = facts
  }
}

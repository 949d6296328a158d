public import ELF
public import WireTypes

/// All that a dump is made of besides the bytes of memory; a private copy that nobody changes.
public struct CoredumpContents: Equatable, Sendable {
  /// How the dump is laid out.
  public var form: CoredumpForm
  /// Whether fields are 32 or 64 bits wide.
  public var elfClass: ELFClass
  /// The instruction set of the processor.
  public var machine: ELFMachine
  /// Where execution started.
  public var entry: DeviceAddress
  /// The memory, in the order of the file.
  public var segments: [CoredumpSegment]
  /// What else is known; only ``CoredumpForm/elf`` has room for it.
  public var notes: [CoredumpNote]

  /// Makes the contents of a dump.
  public init(
    form: CoredumpForm = .elf, elfClass: ELFClass = .elf32, machine: ELFMachine,
    entry: DeviceAddress, segments: [CoredumpSegment], notes: [CoredumpNote] = []
  ) {
    self.form = form
    self.elfClass = elfClass
    self.machine = machine
    self.entry = entry
    self.segments = segments
    self.notes = notes
  }
}

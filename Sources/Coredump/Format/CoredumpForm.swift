/// How a dump is laid out.
public enum CoredumpForm: String, CaseIterable, Equatable, Sendable {
  /// A core file with notes: registers, the crash, traces, the resource table, and which memory
  /// could be read. Data begins at multiples of 4096 so that zero pages become holes.
  case elf
  /// What Linux writes: one segment after the other, no notes.
  ///
  /// Source: practice (Linux remoteproc).
  case linux
  /// What Linux writes for minidumps: sections with names in place of segments, no notes.
  ///
  /// Source: practice (Linux remoteproc).
  case sections
}

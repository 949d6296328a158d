import Coredump
import WireTypes

// What a dump says besides the memory; all of it a private copy.
extension RemoteProcessor where Platform: ~Copyable {
  /// Bytes of text that are kept of one trace buffer: the last ones.
  private static var maximumTraceByteCount: Int { 64 << 10 }
  /// Trace buffers that are kept.
  private static var maximumTraceCount: Int { 64 }
  /// Bytes of the resource table that are kept.
  private static var maximumTableByteCount: Int { 1 << 20 }

  func dumpNotes(
    _ session: BootSession, _ options: CoredumpOptions, _ memory: DumpMemory
  ) -> [CoredumpNote] {
    var crash: CrashReport?
    if case .crashed(_, let report) = phase { crash = report }
    let registers = crash == nil ? platform.registers(at: nil) : session.crashRegisters
    var notes: [CoredumpNote] = []
    if let registers { notes.append(registers.statusNote(signal: crash?.kind.signal ?? 0)) }
    notes.append(facts(crash, registers, options, memory).note)
    for trace in session.traces.prefix(Self.maximumTraceCount) where trace.isAvailable {
      notes.append(
        CoredumpTrace(
          name: trace.name, da: trace.da,
          text: trace.contents().suffix(Self.maximumTraceByteCount)
        ).note)
    }
    if let table = session.table {
      let bytes = table.snapshot().prefix(Self.maximumTableByteCount)
      notes.append(CoredumpTable(da: table.da, bytes: Array(bytes)).note)
    }
    return notes
  }

  private func facts(
    _ crash: CrashReport?, _ registers: ProcessorRegisters?, _ options: CoredumpOptions,
    _ memory: DumpMemory
  ) -> CoredumpFacts {
    var facts = CoredumpFacts()
    facts.add("format", "1")
    facts.add("state", state.description)
    facts.add("crash", crash?.kind.description)
    facts.add("pc", crash?.pc?.description)
    facts.add("address", crash?.address?.description)
    if let crash, !crash.detail.isEmpty { facts.add("detail", crash.detail) }
    facts.add("boot-address", bootAddress?.description)
    for register in registers?.special ?? [] {
      facts.add("register.\(register.name)", "0x" + String(register.value, radix: 16))
    }
    for name in memory.leftOut { facts.add("left-out", name.description) }
    facts.facts += options.facts
    return facts
  }
}

extension CrashKind {
  /// The signal that a program of Linux would have got; debuggers show its name.
  fileprivate var signal: UInt16 {
    switch self {
    case .illegalInstruction: 4
    case .breakpoint: 5
    case .fatalError: 6
    case .busFault, .misaligned: 7
    case .mmuFault: 11
    case .watchdog: 14
    case .hang: 24
    // SIGKILL: nobody could say more.
    case .peerLost: 9
    case .environmentCall: 31
    }
  }
}

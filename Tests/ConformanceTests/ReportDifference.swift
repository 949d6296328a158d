import RprocCommands

/// Finds where a boot report and what Linux did disagree.
enum ReportDifference {
  /// One line for each disagreement; none when both agree.
  static func lines(_ report: BootReport, _ linux: LinuxResult) -> [String] {
    if linux.outcome == "kernel-crash" {
      return report.outcome == "rejected" ? [] : ["outcome: running, must be refused"]
    }
    var lines: [String] = []
    func compare<Value: Equatable>(_ what: String, _ ours: Value, _ theirs: Value) {
      if ours != theirs { lines.append("\(what): \(ours), on Linux \(theirs)") }
    }
    compare("outcome", report.outcome, linux.outcome)
    compare("errno", report.errnoName, linux.errno ?? "")
    compare("bootaddr", Hex.address(report.bootAddress), linux.bootaddr ?? "")
    compare("state", report.state, linux.state ?? "")
    compare("state after stop", report.stateAfterStop, linux.state_after ?? "")
    guard report.outcome == "running", linux.outcome == "running" else { return lines }
    compare("table", Hex.digits(report.table), linux.table ?? "")
    compare("carveouts", report.carveouts.map(text), (linux.carveouts ?? []).map(text))
    compare("traces", report.traces.map(text), texts(linux.traces ?? [:]))
    compare(
      "virtio", report.devices.map { "\($0.id) \($0.status)" },
      (linux.virtio ?? []).map { "\(number($0.device)) \(number($0.status))" })
    let kicks = Dictionary(uniqueKeysWithValues: report.kicks.map { ($0.id, $0.count) })
    compare("kicks", kicks, linux.kicks)
    return lines
  }

  // Linux takes a name for a format, so a name with a percent sign says nothing.
  private static func text(_ memory: BootReport.Memory) -> String {
    let lines = memory.nonzero?.map { "\(Hex.address(UInt64($0.offset))) \(Hex.digits($0.bytes))" }
    let name = memory.name.contains("%") ? "?" : memory.name
    let pa = memory.pa.map { Hex.address($0) } ?? "none"
    return "\(name) \(Hex.address(memory.da)) \(pa) \(Hex.address(memory.byteCount)) "
      + (lines?.joined(separator: " ") ?? "ring")
  }

  private static func text(_ memory: LinuxResult.Memory) -> String {
    let lines = memory.nonzero?.sorted { number($0.key) < number($1.key) }.map { "\($0) \($1)" }
    // The name that Linux made of "c%xd" in the one image that has such a name.
    let isFormat = memory.name.hasPrefix("c") && memory.name.hasSuffix("d") && memory.name.count > 3
    let name = isFormat ? "?" : memory.name
    return "\(name) \(memory.da) \(memory.pa) \(memory.len) "
      + (lines?.joined(separator: " ") ?? "ring")
  }

  private static func text(_ trace: BootReport.Trace) -> String {
    let text = trace.text ?? "Trace  not available"
    return "\(trace.name) \(text.hasSuffix("\\n") ? String(text.dropLast(2)) : text)"
  }

  private static func texts(_ traces: [String: String]) -> [String] {
    traces.sorted { $0.key < $1.key }.map { "\($0) \($1)" }
  }

  private static func number(_ text: String) -> UInt64 {
    UInt64(text.dropFirst(text.hasPrefix("0x") ? 2 : 0), radix: 16) ?? 0
  }
}

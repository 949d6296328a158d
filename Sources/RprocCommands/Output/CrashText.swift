/// A crash in words.
package enum CrashText {
  /// What happened, where, and at which address, on one line.
  package static func line(_ crash: CrashEvent) -> String {
    var parts = [crash.kind]
    if let pc = crash.pc {
      let symbol = crash.symbol.map { " (\(SafeText.escaped($0, limit: 120)))" } ?? ""
      parts.append("pc \(Hex.address(pc))\(symbol)")
    }
    if let address = crash.address {
      let access = crash.access.map { "\($0) of " } ?? ""
      parts.append("\(access)address \(Hex.address(address))")
    }
    if !crash.detail.isEmpty { parts.append(SafeText.escaped(crash.detail, limit: 200)) }
    return parts.joined(separator: "   ")
  }

  /// The last trace lines, one of ours for each.
  package static func lastTrace(_ crash: CrashEvent) -> [String] {
    guard !crash.lastTrace.isEmpty else { return [] }
    return ["last trace lines:"] + crash.lastTrace.map { "  \(SafeText.escaped($0))" }
  }
}

/// Events as short aligned lines for people.
package struct HumanEvents: Sendable {
  /// The colours.
  package var palette: Palette

  /// Formats with `palette`.
  package init(palette: Palette) { self.palette = palette }

  /// The line or lines of `record`, without the line end; empty for what is not shown.
  package func text(of record: EventRecord) -> String {
    switch record.event {
    case .firmware(let firmware): return header(firmware)
    // Each has its answer, which is shown.
    case .message(let message) where message.direction == .sent && message.number != nil:
      return ""
    // The device says how many it has.
    case .resource(let resource) where resource.kind == .vring: return ""
    case .summary(let summary): return SummaryText(palette: palette).line(summary)
    case .error(let failure): return "\(time(record))   \(label("error", .bad))\(failure.message)"
    default: break
    }
    let (name, role, text) = parts(record.event)
    return "\(time(record))   \(label(name, role))\(text)"
  }

  private func time(_ record: EventRecord) -> String {
    let milliseconds = Double(record.nanoseconds) / 1e6
    let number =
      milliseconds < 100_000
      ? "\(Decimals.fixed(milliseconds, places: 1)) ms"
      : "\(Decimals.fixed(milliseconds / 1e3, places: 1)) s"
    return palette.paint(Columns.right(number, 10), .dim)
  }

  private func label(_ name: String, _ role: Palette.Role) -> String {
    palette.paint(Columns.left(name, 10), role)
  }

  private func header(_ firmware: FirmwareEvent) -> String {
    let name = SafeText.escaped(firmware.name, limit: 80)
    return [
      palette.paint(firmware.board, .accent), palette.paint(name, .accent),
      "\(firmware.format) \(firmware.machine)", Decimals.size(UInt64(firmware.byteCount)),
      "entry \(Hex.address(firmware.entry))",
    ].joined(separator: "   ")
  }

  private func parts(_ event: Event) -> (String, Palette.Role, String) {
    switch event {
    case .state(let from, let to): ("state", .good, "\(from) -> \(to)")
    case .resource(let resource): (resource.kind.rawValue, .label, Self.text(of: resource))
    case .trace(_, let text): ("trace", .label, SafeText.escaped(text))
    case .console(let text): ("console", .label, SafeText.escaped(text))
    case .channel(let name, let address, let action):
      ("channel", .label, Self.text(of: name, address, action))
    case .message(let message): ("message", .label, Self.text(of: message))
    case .crash(let crash): ("crash", .bad, CrashText.line(crash))
    case .recovery(let number, let seconds):
      (
        "recovery", .label,
        "of crash \(number) "
          + (seconds > 0 ? "in \(Decimals.fixed(seconds, places: 1)) s" : "at once")
      )
    case .tableTampered(let tampering): ("tampered", .bad, "\(tampering)")
    case .coredump(let dump): ("coredump", .label, dump.text)
    case .bridge(let bridge): ("bridge", bridge.isBad ? .bad : .label, bridge.text)
    case .exit(let code): ("exit", code == 0 ? .good : .bad, "code \(code)")
    case .skipped(let buffer, let byteCount):
      (
        "skipped", .bad,
        "\(Decimals.size(byteCount)) of trace \(SafeText.escaped(buffer)) came too fast"
      )
    case .lost(let count): ("lost", .bad, "\(count) events came too fast to be shown")
    case .firmware, .error, .summary: ("", .dim, "")
    }
  }

  private static func text(
    of name: String, _ address: UInt32, _ action: Event.ChannelAction
  ) -> String {
    let end =
      switch action {
      case .created: ""
      case .finished: ", goodbye!"
      case .destroyed: ", gone"
      }
    return "\(SafeText.escaped(name)), remote \(Hex.address(UInt64(address)))\(end)"
  }

  private static func text(of resource: ResourceEvent) -> String {
    var parts = [Columns.left(SafeText.escaped(resource.name, limit: 48), 16)]
    if let da = resource.da { parts.append("da \(Hex.address(da))") }
    if let pa = resource.pa, pa != resource.da { parts.append("pa \(Hex.address(pa))") }
    if let byteCount = resource.byteCount { parts.append(Decimals.size(byteCount)) }
    for detail in resource.details {
      parts.append("\(detail.key) \(detail.value.text.filter { $0 != "\"" })")
    }
    return parts.joined(separator: "  ")
  }

  private static func text(of message: MessageEvent) -> String {
    var parts: [String] = []
    if let number = message.number { parts.append(Columns.left("#\(number)", 4)) }
    if let text = message.text { parts.append("\"\(SafeText.escaped(text, limit: 200))\"") }
    if message.text == nil {
      parts.append("\(SafeText.escaped(message.channel))  \(message.byteCount) bytes")
    }
    switch message.direction {
    case .received: parts.append("  from \(Hex.address(UInt64(message.source)))")
    case .sent: parts.append("  to \(Hex.address(UInt64(message.destination)))")
    }
    return parts.joined(separator: " ")
  }
}

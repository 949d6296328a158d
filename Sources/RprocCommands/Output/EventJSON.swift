import Remoteproc

extension EventRecord {
  /// The event as one JSON object: `event`, `t` in seconds, and the fields of its kind.
  package var json: JSONValue {
    let seconds = Double(nanoseconds) / 1e9
    return .object(
      [
        JSONValue.Field("event", .string(event.name)),
        JSONValue.Field("t", .decimal(seconds, places: 6)),
      ] + event.fields)
  }
}

extension Event {
  /// The value of the field `event`.
  package var name: String {
    switch self {
    case .state: "state"
    case .firmware: "firmware"
    case .resource: "resource"
    case .trace: "trace"
    case .console: "console"
    case .channel: "channel"
    case .message: "message"
    case .crash: "crash"
    case .recovery: "recovery"
    case .tableTampered: "tableTampered"
    case .coredump: "coredump"
    case .bridge: "bridge"
    case .exit: "exit"
    case .error: "error"
    case .summary: "summary"
    case .skipped: "skipped"
    case .lost: "lost"
    }
  }

  fileprivate var fields: [JSONValue.Field] {
    switch self {
    case .state(let from, let to):
      [JSONValue.Field("from", .string(from)), JSONValue.Field("to", .string(to))]
    case .firmware(let firmware): firmware.fields
    case .resource(let resource): resource.fields
    case .trace(let buffer, let text):
      [JSONValue.Field("buffer", .string(buffer)), JSONValue.Field("text", .string(text))]
    case .console(let text): [JSONValue.Field("text", .string(text))]
    case .channel(let name, let address, let action):
      [
        JSONValue.Field("name", .string(name)),
        JSONValue.Field("address", .integer(Int64(address))),
        JSONValue.Field("action", .string(action.rawValue)),
      ]
    case .message(let message): message.fields
    case .crash(let crash): crash.fields
    case .recovery(let number, let seconds):
      [
        JSONValue.Field("number", .unsigned(number)),
        JSONValue.Field("after", .decimal(seconds, places: 3)),
      ]
    case .tableTampered(let tampering):
      [
        JSONValue.Field("offset", .count(tampering.offset)),
        JSONValue.Field("expected", .string(Hex.digits(tampering.expected))),
        JSONValue.Field("found", .string(Hex.digits(tampering.found))),
      ]
    case .coredump(let dump): dump.fields
    case .bridge(let bridge): bridge.fields
    case .exit(let code): [JSONValue.Field("code", .integer(Int64(code)))]
    case .error(let failure): failure.fields
    case .summary(let summary): summary.fields
    case .skipped(let buffer, let byteCount):
      [JSONValue.Field("buffer", .string(buffer)), JSONValue.Field("bytes", .unsigned(byteCount))]
    case .lost(let count): [JSONValue.Field("count", .count(count))]
    }
  }
}

/// Collects the fields that have a value.
private struct FieldList {
  var fields: [JSONValue.Field] = []

  mutating func add(_ key: String, _ value: JSONValue?) {
    if let value { fields.append(JSONValue.Field(key, value)) }
  }
}

extension FirmwareEvent {
  fileprivate var fields: [JSONValue.Field] {
    [
      JSONValue.Field("name", .string(name)), JSONValue.Field("format", .string(format)),
      JSONValue.Field("machine", .string(machine)), JSONValue.Field("board", .string(board)),
      JSONValue.Field("entry", .address(entry)), JSONValue.Field("bytes", .count(byteCount)),
      JSONValue.Field("sha256", .string(sha256)),
    ]
  }
}

extension ResourceEvent {
  fileprivate var fields: [JSONValue.Field] {
    var list = FieldList()
    list.add("type", .string(kind.rawValue))
    list.add("name", .string(name))
    list.add("da", da.map(JSONValue.address))
    list.add("pa", pa.map(JSONValue.address))
    list.add("len", byteCount.map(JSONValue.unsigned))
    return list.fields + details
  }
}

extension MessageEvent {
  fileprivate var fields: [JSONValue.Field] {
    var list = FieldList()
    list.add("channel", .string(channel))
    list.add("src", .integer(Int64(source)))
    list.add("dst", .integer(Int64(destination)))
    list.add("len", .count(byteCount))
    list.add("direction", .string(direction.rawValue))
    list.add("number", number.map(JSONValue.count))
    list.add("text", text.map(JSONValue.string))
    return list.fields
  }
}

extension CrashEvent {
  fileprivate var fields: [JSONValue.Field] {
    var list = FieldList()
    list.add("kind", .string(kind))
    list.add("pc", pc.map(JSONValue.address) ?? .null)
    list.add("address", address.map(JSONValue.address) ?? .null)
    list.add("access", access.map(JSONValue.string))
    list.add("detail", .string(detail))
    list.add("symbol", symbol.map(JSONValue.string))
    list.add("trace", .array(lastTrace.map(JSONValue.string)))
    return list.fields
  }
}

extension BridgeEvent {
  fileprivate var fields: [JSONValue.Field] {
    var list = FieldList()
    list.add("channel", .string(channel))
    list.add("kind", .string(kind))
    list.add("path", path.isEmpty ? nil : .string(path))
    list.add("terminal", terminal.map(JSONValue.string))
    list.add("action", .string(actionName))
    return list.fields + actionFields
  }
}

extension CoredumpEvent {
  fileprivate var fields: [JSONValue.Field] {
    [
      JSONValue.Field("path", .string(path)), JSONValue.Field("byteCount", .unsigned(byteCount)),
      JSONValue.Field("written", .unsigned(writtenByteCount)),
      JSONValue.Field("segments", .count(segmentCount)),
      JSONValue.Field("unreadable", .count(unreadableCount)),
    ]
  }
}

extension SummaryEvent {
  fileprivate var fields: [JSONValue.Field] {
    var list = FieldList()
    list.add("messages", .unsigned(messages))
    list.add("bytes", .unsigned(bytes))
    list.add("seconds", .decimal(seconds, places: 6))
    list.add("lost", .unsigned(lost))
    list.add("wrong", .unsigned(wrong))
    list.add("rate", rate.map { .decimal($0, places: 1) })
    list.add("instructions", instructions.map(JSONValue.unsigned))
    list.add("mips", mips.map { .decimal($0, places: 1) })
    list.add("p50_ns", latency.map { .unsigned($0.p50) })
    list.add("p90_ns", latency.map { .unsigned($0.p90) })
    list.add("p99_ns", latency.map { .unsigned($0.p99) })
    list.add("max_ns", latency.map { .unsigned($0.max) })
    return list.fields
  }
}

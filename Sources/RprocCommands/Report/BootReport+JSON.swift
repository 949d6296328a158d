extension BootReport {
  /// The report as one JSON object.
  package var json: JSONValue {
    .object([
      JSONValue.Field("outcome", .string(outcome)),
      JSONValue.Field("error", errorJSON),
      JSONValue.Field("errno", .string(errnoName)),
      JSONValue.Field("bootaddr", .address(bootAddress)),
      JSONValue.Field("table", .string(Hex.digits(table))),
      JSONValue.Field("carveouts", .array(carveouts.map(\.json))),
      JSONValue.Field("traces", .array(traces.map(\.json))),
      JSONValue.Field("vdevs", .array(devices.map(\.json))),
      JSONValue.Field("kicks", .object(kicks.map { JSONValue.Field("\($0)", .unsigned($1)) })),
      JSONValue.Field("notices", .array(notices.map(JSONValue.string))),
      JSONValue.Field("state", .string(state)),
      JSONValue.Field("stateAfterStop", .string(stateAfterStop)),
    ])
  }

  private var errorJSON: JSONValue {
    guard let error else { return .null }
    let (kind, fields) = ErrorFields.describe(error)
    return .object(
      [JSONValue.Field("case", .string(kind))] + fields
        + [JSONValue.Field("text", .string(SafeText.escaped("\(error)")))])
  }
}

extension BootReport.Memory {
  fileprivate var json: JSONValue {
    var fields = [
      JSONValue.Field("name", .string(name)), JSONValue.Field("da", .address(da)),
      JSONValue.Field("pa", pa.map(JSONValue.address) ?? .null),
      JSONValue.Field("len", .address(byteCount)),
    ]
    if let nonzero {
      let lines = nonzero.map { line in
        JSONValue.Field(Hex.address(UInt64(line.offset)), .string(Hex.digits(line.bytes)))
      }
      fields.append(JSONValue.Field("nonzero", .object(lines)))
    }
    return .object(fields)
  }
}

extension BootReport.Trace {
  fileprivate var json: JSONValue {
    .object([
      JSONValue.Field("name", .string(name)), JSONValue.Field("label", .string(label)),
      JSONValue.Field("da", da.map(JSONValue.address) ?? .null),
      JSONValue.Field("len", .address(byteCount)),
      JSONValue.Field("text", text.map(JSONValue.string) ?? .null),
    ])
  }
}

extension BootReport.Device {
  fileprivate var json: JSONValue {
    .object([
      JSONValue.Field("id", .integer(Int64(id))),
      JSONValue.Field("status", .integer(Int64(status))),
      JSONValue.Field("dfeatures", .address(offeredFeatures)),
      JSONValue.Field("gfeatures", .address(acceptedFeatures)),
      JSONValue.Field(
        "vrings",
        .array(
          rings.map { ring in
            .object([
              JSONValue.Field("da", .address(ring.da)),
              JSONValue.Field("num", .integer(Int64(ring.count))),
              JSONValue.Field("align", .integer(Int64(ring.alignment))),
              JSONValue.Field("notifyid", .integer(Int64(ring.notifyID))),
            ])
          })),
    ])
  }
}

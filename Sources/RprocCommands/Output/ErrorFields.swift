/// The case name and the numbers of an error, for programs.
package enum ErrorFields {
  /// The type and case of `error`, and what the case carries by label.
  ///
  /// A case that wraps another error adds the fields of that one; labels that occur twice keep
  /// the outer value.
  package static func describe(_ error: any Error) -> (kind: String, fields: [JSONValue.Field]) {
    var fields: [JSONValue.Field] = []
    let name = collect(error, into: &fields, depth: 0)
    let type = "\(Swift.type(of: error))"
    return (name.isEmpty ? type : "\(type).\(name)", fields)
  }

  private static func collect(
    _ value: Any, into fields: inout [JSONValue.Field], depth: Int
  ) -> String {
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .enum, depth < 4 else { return "" }
    guard let payload = mirror.children.first else { return EnumCase.name(of: value) ?? "" }
    let name = payload.label ?? ""
    let content = Mirror(reflecting: payload.value)
    if content.displayStyle == .tuple {
      for (index, child) in content.children.enumerated() {
        add(child.value, label: label(child.label, at: index), to: &fields, depth: depth)
      }
    } else {
      add(payload.value, label: "value", to: &fields, depth: depth)
    }
    return name
  }

  private static func label(_ label: String?, at index: Int) -> String {
    guard let label, !label.hasPrefix(".") else { return index == 0 ? "value" : "value\(index)" }
    return label
  }

  private static func add(
    _ value: Any, label: String, to fields: inout [JSONValue.Field], depth: Int
  ) {
    guard !fields.contains(where: { $0.key == label }) else { return }
    if let error = value as? any Error {
      let (kind, inner) = describe(error)
      fields.append(JSONValue.Field(label == "value" ? "cause" : label, .string(kind)))
      for field in inner where !fields.contains(where: { $0.key == field.key }) {
        fields.append(field)
      }
      return
    }
    fields.append(JSONValue.Field(label, json(value)))
  }

  private static func json(_ value: Any) -> JSONValue {
    switch value {
    case let value as Bool: .bool(value)
    case let value as UInt64: .unsigned(value)
    case let value as Duration: .decimal(value / .seconds(1), places: 6)
    case let value as any BinaryInteger: .integer(Int64(clamping: value))
    case let value as String: .string(SafeText.escaped(value, limit: 400))
    default:
      Mirror(reflecting: value).displayStyle == .optional
        ? Mirror(reflecting: value).children.first.map { json($0.value) } ?? .null
        : .string(SafeText.escaped("\(value)", limit: 400))
    }
  }
}

/// Something about firmware that stops a boot, or that its author ought to know.
package struct Finding: Equatable, Sendable {
  /// What a finding means for a boot.
  package enum Severity: String, Equatable, Sendable {
    /// The boot fails.
    case error
    /// The boot goes on.
    case warning
  }

  /// The rule that is broken.
  package var rule: CheckRule
  /// Whether a boot in the chosen profile fails.
  package var severity: Severity
  /// Where in the file the bytes concerned are; `nil` when no byte is to blame.
  package var place: Range<Int>?
  /// The bytes there, 64 at most.
  package var bytes: [UInt8]
  /// What is wrong, with numbers, on one line.
  package var message: String
  /// What to change, on one line.
  package var advice: String
  /// The error of a boot and its numbers, for programs; empty when a boot says nothing.
  package var details: [JSONValue.Field]

  /// The most bytes that a finding shows.
  static let maxByteCount = 64

  /// The finding as the fields of an event.
  package var fields: [JSONValue.Field] {
    var fields = [
      JSONValue.Field("rule", .string(rule.rawValue)),
      JSONValue.Field("severity", .string(severity.rawValue)),
      JSONValue.Field("offset", place.map { .count($0.lowerBound) } ?? .null),
      JSONValue.Field("bytes", .string(Hex.digits(bytes))),
      JSONValue.Field("message", .string(message)), JSONValue.Field("advice", .string(advice)),
    ]
    // Numbers of the error come under a key of their own: theirs may have the same names.
    if !details.isEmpty { fields.append(JSONValue.Field("error", .object(details))) }
    return fields
  }
}

/// What an error or a lint says before it is known where the table lies in the file.
struct Diagnosis {
  /// A place in the file, or in the resource table.
  enum Place: Equatable {
    case file(Range<Int>)
    case table(Range<Int>)
  }

  let rule: CheckRule
  var place: Place?
  let advice: String

  init(_ rule: CheckRule, _ place: Place?, _ advice: String) {
    self.rule = rule
    self.place = place
    self.advice = advice
  }

  /// The same at some bytes of the table, or nowhere.
  init(_ rule: CheckRule, table range: Range<Int>?, _ advice: String) {
    self.init(rule, range.map(Place.table), advice)
  }

  /// The same at `byteCount` bytes of the file.
  init(_ rule: CheckRule, file offset: Int, _ byteCount: Int, _ advice: String) {
    self.init(rule, .file(offset..<offset + byteCount), advice)
  }
}

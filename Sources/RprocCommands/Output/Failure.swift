/// Something that ends a command: what is told, and the exit status that follows from it.
package struct Failure: Error, Equatable, Sendable {
  /// A word for programs: the module's error and its case, such as `ELFError.truncatedHeader`.
  package var kind: String
  /// One line for people.
  package var message: String
  /// The numbers of the error, by name.
  package var details: [JSONValue.Field]
  /// What the command ends with.
  package var status: CommandStatus

  /// Makes a failure that no other module reported.
  package init(
    kind: String, message: String, details: [JSONValue.Field] = [], status: CommandStatus
  ) {
    self.kind = kind
    self.message = message
    self.details = details
    self.status = status
  }

  /// Makes a failure of an error of another module; `subject`, such as a file, goes in front.
  package init(_ error: any Error, about subject: String = "", status: CommandStatus) {
    let (kind, details) = ErrorFields.describe(error)
    let text = SafeText.escaped("\(error)", limit: 400)
    self.init(
      kind: kind, message: subject.isEmpty ? text : "\(SafeText.escaped(subject)): \(text)",
      details: details, status: status)
  }

  /// The fields of the event `error`.
  var fields: [JSONValue.Field] {
    [JSONValue.Field("kind", .string(kind)), JSONValue.Field("message", .string(message))]
      + details.filter { $0.key != "kind" && $0.key != "message" && $0.key != "t" }
  }
}

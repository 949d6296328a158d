/// What serves the channels of one name.
package struct ServiceChoice: Equatable, Sendable {
  /// What is done with messages.
  package enum Handler: String, CaseIterable, Equatable, Sendable {
    /// Each message is sent back.
    case echo
    /// Each message is shown.
    case print
    /// "hello world!" is said until it was answered 100 times.
    case sample
  }

  /// The name of the channels.
  package var name: String
  /// What serves them.
  package var handler: Handler
  /// What is said first on such a channel; then what comes is shown.
  package var texts: [String] = []

  /// Makes a choice.
  package init(name: String, handler: Handler, texts: [String] = []) {
    self.name = name
    self.handler = handler
    self.texts = texts
  }

  /// Reads `NAME=HANDLER`; `nil` unless the handler is known and the name has 1 to 31 bytes.
  package init?(_ text: String) {
    guard let separator = text.lastIndex(of: "="),
      let handler = Handler(rawValue: String(text[text.index(after: separator)...]))
    else { return nil }
    let name = String(text[..<separator])
    guard (1...31).contains(name.utf8.count) else { return nil }
    self.init(name: name, handler: handler)
  }

  /// Reads `NAME=TEXT`: what is said on channels of that name; `nil` unless the name has 1 to 31
  /// bytes.
  package init?(sending text: String) {
    guard let separator = text.firstIndex(of: "=") else { return nil }
    let name = String(text[..<separator])
    guard (1...31).contains(name.utf8.count) else { return nil }
    let message = String(text[text.index(after: separator)...])
    self.init(name: name, handler: .print, texts: [message])
  }

  /// What runs without a choice of the user.
  package static let standard = [ServiceChoice(name: "rpmsg-client-sample", handler: .sample)]
}

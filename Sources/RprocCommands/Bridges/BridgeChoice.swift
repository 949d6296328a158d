/// By what programs outside reach the channels of one name.
package struct BridgeChoice: Equatable, Sendable {
  /// What is on the outer side.
  package enum Outside: Equatable, Sendable {
    /// A pseudo-terminal with a link of this name.
    case terminal(link: String)
    /// A socket of this name.
    case socket(path: String)
    /// Standard input and output.
    case standardStreams
  }

  /// The name of the channels.
  package var name: String
  /// What is on the outer side.
  package var outside: Outside

  /// Reads `NAME=PATH`; `nil` unless the name has 1 to 31 bytes and the path at least one.
  package init?(terminal text: String) {
    guard let (name, path) = Self.split(text) else { return nil }
    self.init(name: name, outside: .terminal(link: path))
  }

  /// Reads `NAME=PATH`; `nil` unless the name has 1 to 31 bytes and the path at least one.
  package init?(socket text: String) {
    guard let (name, path) = Self.split(text) else { return nil }
    self.init(name: name, outside: .socket(path: path))
  }

  /// Bridges `name` to standard input and output; `nil` unless it has 1 to 31 bytes.
  package init?(standardStreams name: String) {
    guard (1...31).contains(name.utf8.count) else { return nil }
    self.init(name: name, outside: .standardStreams)
  }

  private init(name: String, outside: Outside) {
    self.name = name
    self.outside = outside
  }

  private static func split(_ text: String) -> (name: String, path: String)? {
    guard let separator = text.firstIndex(of: "=") else { return nil }
    let name = String(text[..<separator])
    let path = String(text[text.index(after: separator)...])
    guard (1...31).contains(name.utf8.count), !path.isEmpty else { return nil }
    return (name, path)
  }
}

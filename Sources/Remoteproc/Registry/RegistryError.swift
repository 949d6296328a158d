/// Why a ``ProcessorRegistry`` refused.
public enum RegistryError: Error, Equatable, Sendable {
  /// A name has 1 to 64 letters, digits, dots, underscores and hyphens.
  case badName(String)
  /// A processor of this name is registered already.
  case nameTaken(String)
  /// No processor of this name is registered.
  case notFound(String)
  /// The processor could not do what was asked.
  case processor(RemoteprocError)
}

extension RegistryError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .badName(let name):
      "processor name of \(name.utf8.count) bytes: 1 to 64 of A-Z a-z 0-9 . _ - are allowed"
    case .nameTaken(let name): "processor \(name) is registered already"
    case .notFound(let name): "no processor \(name) is registered"
    case .processor(let error): "\(error)"
    }
  }
}

/// A program that plays the remote.
public struct ProcessProgram: Equatable, Sendable {
  /// The path of the executable; nothing is looked up.
  public var path: String
  /// What it gets after its name.
  public var arguments: [String]
  /// What it finds in its environment besides what this process has, as `NAME=VALUE`.
  public var environment: [String]

  /// Names a program.
  public init(path: String, arguments: [String] = [], environment: [String] = []) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
  }
}

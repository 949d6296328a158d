import ArgumentParser
import ResourceTable

/// The versions of a resource table by the numbers that users give.
enum TableVersionArgument: String, CaseIterable, ExpressibleByArgument {
  case v0 = "0"
  case v1 = "1"

  /// The version.
  var version: ResourceTableVersion { self == .v0 ? .v0 : .v1 }

  /// What `--table-version` is for.
  static let help = ArgumentHelp(
    "Read the resource table as this version; told from its bytes otherwise.",
    valueName: "0|1")
}

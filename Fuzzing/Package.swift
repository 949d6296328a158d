// swift-tools-version: 6.2
import PackageDescription

/// A fuzzer for one parser: an entry point that libFuzzer's own `main` calls.
func fuzzer(_ name: String, _ modules: [String]) -> Target {
  .executableTarget(
    name: name,
    dependencies: modules.map { .product(name: $0, package: "swift-remoteproc") },
    swiftSettings: [
      .swiftLanguageMode(.v6),
      .treatAllWarnings(as: .error),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .unsafeFlags(["-parse-as-library"]),
    ])
}

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    fuzzer("FuzzELF", ["ELF", "WireTypes"]),
    fuzzer("FuzzResourceTable", ["ResourceTable", "WireTypes"]),
  ])

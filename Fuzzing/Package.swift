// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func modules(_ names: [String]) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "swift-remoteproc") }
}

/// One fuzzer: an entry point that libFuzzer's own `main` calls.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies,
    swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    fuzzer("FuzzELF", modules(["ELF", "WireTypes"])),
    fuzzer("FuzzRelocation", modules(["ELF", "WireTypes"])),
    fuzzer("FuzzIntelHex", modules(["IntelHex", "WireTypes"])),
    fuzzer("FuzzResourceTable", modules(["ResourceTable", "WireTypes"])),
    fuzzer("FuzzVringDriver", ["Sides"]),
    fuzzer("FuzzVringDevice", ["Sides"]),
    fuzzer("FuzzRPMsg", ["Sides"]),
    fuzzer("FuzzTransfers", ["Sides"]),
    // The package above has the same folder as `HostileSides`: its tests replay the corpus.
    .target(
      name: "Sides",
      dependencies: modules([
        "RPMsg", "RPMsgTransfers", "Virtio", "Vring", "SharedMemory", "WireTypes",
      ]),
      path: "Sides", swiftSettings: settings),
  ])

// swift-tools-version: 6.2
import PackageDescription

// Measures what the documentation promises. `swift run -c release --package-path Benchmarks Figures`
// or `Rings`

let modules = [
  "Boards", "FirmwareFiles", "PlatformNull", "PlatformSimulator", "RPMsg", "RPMsgBus", "Remoteproc",
  "RemoteprocVirtio",
  "Scheduling", "SharedMemory", "WireTypes",
]

/// Modules under the message path.
let ringModules = [
  "RPMsg", "RPMsgBus", "SharedMemory", "Virtio", "Vring", "WireTypes",
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    .executableTarget(
      name: "Figures",
      dependencies: modules.map { .product(name: $0, package: "swift-remoteproc") },
      swiftSettings: settings),
    .target(name: "CBench"),
    .executableTarget(
      name: "Rings",
      dependencies: ["CBench"]
        + ringModules.map { .product(name: $0, package: "swift-remoteproc") },
      swiftSettings: settings),
  ]
)

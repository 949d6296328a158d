// swift-tools-version: 6.2
import PackageDescription

// Measures what the documentation promises. `swift run -c release --package-path Benchmarks Figures`

let modules = [
  "Boards", "FirmwareFiles", "PlatformNull", "PlatformSimulator", "RPMsg", "RPMsgBus", "Remoteproc",
  "RemoteprocVirtio",
  "Scheduling", "SharedMemory", "WireTypes",
]

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    .executableTarget(
      name: "Figures",
      dependencies: modules.map { .product(name: $0, package: "swift-remoteproc") },
      swiftSettings: [
        .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ])
  ]
)

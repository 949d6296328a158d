// swift-tools-version: 6.2
import PackageDescription

/// Language settings of every test target.
let testSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
]

/// Language settings of every library target: those of the tests, and each unsafe use is marked.
let librarySettings: [SwiftSetting] = testSettings + [.strictMemorySafety()]

/// A library target of this package.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: librarySettings)
}

/// The test target of module `name`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: ["TestSupport"] + dependencies,
    swiftSettings: testSettings)
}

let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// Modules that also compile in Embedded Swift.
let ringStack: [Target.Dependency] = ["RPMsg", "Virtio", "Vring", "SharedMemory", "WireTypes"]

/// What lies above the ring stack, and is the same on the host and in firmware.
let serviceStack: [Target.Dependency] = ["RPMsgServices", "RPMsgTransfers", "SampleServices"]

let targets: [Target] = [
  .target(name: "CLinux"),
  module("WireTypes"),
  module(
    "SharedMemory",
    ["WireTypes", .target(name: "CLinux", condition: .when(platforms: [.linux]))]),
  module("Scheduling", ["CLinux"]),
  module("ResourceTable", ["WireTypes"]),
  module("Vring", ["SharedMemory", "WireTypes"]),
  module("Virtio", ["Vring", "SharedMemory", "WireTypes"]),
  module("RPMsg", ["Virtio", "Vring", "SharedMemory", "WireTypes"]),
  module("RPMsgServices", ["RPMsg", "SharedMemory", "WireTypes"]),
  module("RPMsgTransfers", ["RPMsg", "WireTypes"]),
  module("SampleServices", ["RPMsgServices", "WireTypes"]),
  module("ELF", ["WireTypes"]),
  module("IntelHex", ["WireTypes"]),
  module("FirmwareFiles", ["CLinux"]),
  module("Coredump", ["ELF", "Scheduling", "WireTypes", "CLinux"]),
  module(
    "Remoteproc",
    [
      "Coredump", "ELF", "IntelHex", "ResourceTable", "Scheduling", "Virtio", "Vring",
      "SharedMemory",
      "WireTypes",
    ]),
  module("RPMsgBus", ringStack + ["Scheduling"]),
  module("RPMsgServiceBus", ["RPMsgServices", "RPMsgBus", "RPMsg", "Scheduling", "WireTypes"]),
  module("RPMsgTransferBus", ["RPMsgTransfers", "RPMsgBus", "RPMsg", "Scheduling", "WireTypes"]),
  module("RemoteprocVirtio", ["Remoteproc", "RPMsgBus", "Scheduling", "Virtio"]),
  module("RPMsgBridges", ["CLinux", "RPMsg", "RPMsgBus", "Scheduling", "WireTypes"]),
  module("CoreSupport", ["SharedMemory", "WireTypes"]),
  module("RISCVCore", ["CoreSupport", "SharedMemory", "WireTypes"]),
  module("ARMv7MCore", ["CoreSupport", "SharedMemory", "WireTypes"]),
  module(
    "SimulatedSoC",
    [
      "ARMv7MCore", "RISCVCore", "CoreSupport", "Scheduling", "SharedMemory", "WireTypes",
    ]),
  module("Boards", ["WireTypes", yams], resources: [.embedInCode("BuiltIn")]),
  module("PlatformNull", ["Remoteproc", "Scheduling", "SharedMemory", "Vring", "WireTypes"]),
  module(
    "PlatformProcess",
    ringStack + ["Remoteproc", "ResourceTable", "Scheduling", "CLinux"]),
  module(
    "PlatformSimulator",
    [
      "ARMv7MCore", "Remoteproc", "SimulatedSoC", "Boards", "Coredump", "ELF", "Scheduling",
      "SharedMemory",
      "Vring", "WireTypes",
    ]),
  module(
    "RprocCommands",
    ringStack + [
      "Coredump", "ELF", "ResourceTable", "Remoteproc", "RPMsgBridges", "RPMsgBus",
      "RemoteprocVirtio", "Boards",
      "PlatformNull", "PlatformProcess", "PlatformSimulator", "Scheduling", "SimulatedSoC",
      "FirmwareFiles",
      "IntelHex", "CLinux", arguments, yams,
    ],
    // Tests and users boot these from the folder; the demo's own is part of the program.
    exclude: [
      "crash", "echo", "echo-poll", "echo-v0", "large", "matrix", "sensor",
      "crash-cm4", "echo-cm4", "echo-poll-cm4", "echo-v0-cm4", "large-cm4",
      "matrix-cm4", "sample-client-cm4",
    ].map { "Images/\($0).elf" },
    resources: [.embedInCode("Images/sample-client.elf")]),
  .executableTarget(
    name: "rproc", dependencies: ["RprocCommands"], swiftSettings: librarySettings),
  .target(
    name: "TestSupport", dependencies: ["SharedMemory", "WireTypes"], path: "Tests/TestSupport",
    swiftSettings: testSettings),
  // What the fuzzers of the rings run; tests replay their corpus.
  .target(
    name: "HostileSides", dependencies: ringStack + ["RPMsgTransfers"], path: "Fuzzing/Sides",
    swiftSettings: testSettings),
  tests("WireTypes", ["WireTypes"]),
  tests("SharedMemory", ["SharedMemory", "WireTypes"]),
  tests("Scheduling", ["Scheduling"]),
  tests("ResourceTable", ["ResourceTable", "WireTypes"]),
  tests("Vring", ["HostileSides", "Vring", "SharedMemory", "WireTypes"]),
  tests("Virtio", ["Virtio", "Vring", "SharedMemory", "WireTypes"]),
  tests("RPMsg", ringStack + ["HostileSides"]),
  tests("RPMsgServices", ["RPMsgServices", "WireTypes"]),
  tests("RPMsgTransfers", ["HostileSides", "RPMsgTransfers", "RPMsg", "WireTypes"]),
  tests("SampleServices", ["SampleServices", "RPMsgServices", "WireTypes"]),
  tests(
    "RPMsgServiceBus",
    ringStack + serviceStack + ["RPMsgServiceBus", "RPMsgTransferBus", "RPMsgBus", "Scheduling"]),
  tests("ELF", ["ELF", "ResourceTable", "WireTypes"]),
  tests("Coredump", ["Coredump", "ELF", "Scheduling", "WireTypes"]),
  tests("IntelHex", ["IntelHex", "WireTypes"]),
  tests("FirmwareFiles", ["FirmwareFiles"]),
  tests(
    "Remoteproc",
    ringStack + [
      "Coredump", "Remoteproc", "ELF", "ResourceTable", "PlatformNull", "Scheduling",
    ]),
  tests("RPMsgBus", ringStack + ["RPMsgBus"]),
  tests("RPMsgBridges", ["RPMsgBridges", "WireTypes"]),
  tests("RISCVCore", ["RISCVCore", "CoreSupport", "SharedMemory", "WireTypes"]),
  tests("ARMv7MCore", ["ARMv7MCore", "CoreSupport", "SharedMemory", "WireTypes"]),
  tests(
    "SimulatedSoC",
    [
      "SimulatedSoC", "CoreSupport", "RISCVCore", "Scheduling", "SharedMemory", "WireTypes",
    ]),
  tests("Firmware", ringStack + ["SimulatedSoC", "ELF", "ResourceTable"]),
  tests("Boards", ["Boards", "WireTypes"]),
  tests(
    "PlatformSimulator",
    [
      "PlatformSimulator", "Remoteproc", "Boards", "ResourceTable", "Scheduling", "SharedMemory",
      "SimulatedSoC", "Virtio", "Vring", "WireTypes",
    ]),
  tests(
    "PlatformProcess",
    ringStack + [
      "PlatformProcess", "Remoteproc", "RemoteprocVirtio", "RPMsgBus", "ResourceTable",
      "Scheduling", "rproc",
    ]),
  tests(
    "Conformance",
    [
      "Coredump", "ELF", "PlatformNull", "Remoteproc", "ResourceTable", "RprocCommands",
      "Scheduling", "SharedMemory", "WireTypes",
    ]),
  tests(
    "Integration",
    ringStack + serviceStack + [
      "RPMsgServiceBus", "RPMsgTransferBus",
      "Coredump", "Remoteproc", "PlatformNull", "PlatformSimulator", "Boards", "ELF",
      "ResourceTable", "RPMsgBus", "RprocCommands", "Scheduling",
    ]),
  tests(
    "RprocCommands",
    [
      "RprocCommands", "rproc", "Boards", "Coredump", "ELF", "FirmwareFiles", "Remoteproc",
      "ResourceTable", "WireTypes",
    ]),
]

let package = Package(
  name: "swift-remoteproc",
  products: targets.filter {
    $0.type == .regular && !["CLinux", "TestSupport", "HostileSides"].contains($0.name)
  }
  .map {
    .library(name: $0.name, targets: [$0.name])
  }
    + targets.filter { $0.type == .executable }.map {
      .executable(name: $0.name, targets: [$0.name])
    },
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: targets
)

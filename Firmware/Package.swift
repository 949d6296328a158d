// swift-tools-version: 6.2
import PackageDescription

/// A module of the package that host and remote share.
func shared(_ name: String) -> Target.Dependency {
  .product(name: name, package: "swift-remoteproc")
}

/// All of them, by name.
let ringStack = ["RPMsg", "Virtio", "Vring", "SharedMemory", "WireTypes"].map(shared)

/// What lies above them: large messages and typed services.
let serviceStack = ["RPMsgServices", "RPMsgTransfers", "SampleServices"].map(shared)

/// Language settings of every Swift target here.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
]

/// One firmware image, built from `Sources/<target>` and linked with the resource table of `table`.
func image(
  _ target: String, table: Target.Dependency = "StandardTable",
  above stack: [Target.Dependency] = []
) -> Target {
  .executableTarget(
    name: target,
    dependencies: ["BoardSupport", table] + ringStack + stack,
    swiftSettings: settings)
}

let package = Package(
  name: "Firmware",
  products: [
    .executable(name: "echo", targets: ["EchoFirmware"]),
    .executable(name: "echo-poll", targets: ["EchoPollFirmware"]),
    .executable(name: "echo-v0", targets: ["EchoRecordsFirmware"]),
    .executable(name: "sample-client", targets: ["SampleClientFirmware"]),
    .executable(name: "crash", targets: ["CrashFirmware"]),
    .executable(name: "matrix", targets: ["MatrixFirmware"]),
    .executable(name: "sensor", targets: ["SensorFirmware"]),
    .executable(name: "large", targets: ["LargeFirmware"]),
  ],
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    .target(
      name: "CBoard",
      // Else the compiler turns the loop in memcpy into a call of memcpy.
      cSettings: [.unsafeFlags(["-ffreestanding", "-fno-builtin"])]),
    .target(
      name: "BoardSupport",
      dependencies: ["CBoard"] + ringStack,
      swiftSettings: settings),
    // Linked, never imported: a module that imports it would emit the table a second time.
    .target(name: "StandardTable", swiftSettings: settings),
    .target(name: "RecordTable", swiftSettings: settings),
    .target(name: "LargeTable", swiftSettings: settings),
    image("EchoFirmware"),
    image("EchoPollFirmware"),
    image("EchoRecordsFirmware", table: "RecordTable"),
    image("SampleClientFirmware"),
    image("CrashFirmware"),
    image("MatrixFirmware", above: serviceStack),
    image("SensorFirmware", above: serviceStack),
    image("LargeFirmware", table: "LargeTable", above: serviceStack),
    .target(
      name: "EmbeddedModules", dependencies: ringStack + serviceStack + [shared("ResourceTable")],
      swiftSettings: settings),
  ]
)

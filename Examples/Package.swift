// swift-tools-version: 6.2
import PackageDescription

// One executable for each task a user has. `swift run --package-path Examples Hello IMAGE`

let modules = [
  "Boards", "PlatformSimulator", "RPMsgBus", "Remoteproc", "RemoteprocVirtio", "Scheduling",
  "WireTypes",
]

func products(_ names: [String]) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "swift-remoteproc") }
}

let package = Package(
  name: "Examples",
  dependencies: [.package(name: "swift-remoteproc", path: "..")],
  targets: [
    .executableTarget(name: "Hello", dependencies: products(modules)),
    // Services of the images `matrix`, `sensor` and `large`, on what `Hello` sets up.
    .target(name: "ExampleRemote", dependencies: products(modules)),
    .executableTarget(
      name: "Matrix",
      dependencies: ["ExampleRemote"] + products(["RPMsgServiceBus", "SampleServices"])),
    .executableTarget(
      name: "Sensor",
      dependencies: ["ExampleRemote"] + products(["RPMsgServiceBus", "SampleServices"])),
    .executableTarget(
      name: "Large",
      dependencies: ["ExampleRemote"] + products(["RPMsgTransferBus", "WireTypes"])),
    // The driver that "Write a platform driver" explains.
    .executableTarget(
      name: "ToyBoard",
      dependencies: products(["Remoteproc", "SharedMemory", "Vring", "WireTypes"])),
  ]
    // The steps of the tutorial "Your first channel"; the files lie beside its text.
    + (1...4).map {
      .executableTarget(name: "FirstChannel\($0)", dependencies: products(modules))
    }
)

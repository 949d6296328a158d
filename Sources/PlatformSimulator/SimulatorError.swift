public import Remoteproc
public import SimulatedSoC
public import WireTypes

/// Why a board cannot be simulated.
public enum SimulatorError: Error, Equatable, Sendable {
  /// The board has no core.
  case noCore(board: String)
  /// Only boards with one core can be simulated.
  case unsupportedCoreCount(Int)
  /// Behind an IOMMU a core cannot restart by itself, as the host takes back what it saw.
  case unsupportedRestart
  /// The pages or the range of the IOMMU make no unit.
  case iommu(IOMMUError)
  /// The region of this name cannot be set aside.
  case region(name: String, PlatformError)
  /// The parts do not make a chip, or the system gave no memory.
  case chip(ChipError)
  /// What the chip is to run before the host comes breaks a rule of its format.
  case image(RemoteprocError)
  /// Nothing of the board's memory lies where a piece of that image goes.
  case outsideMemory(DeviceAddress, byteCount: UInt64)
}

extension SimulatorError: CustomStringConvertible {
  /// One line for a person: what is wrong with the board.
  public var description: String {
    switch self {
    case .noCore(let board): "board \(board) has no core to simulate"
    case .unsupportedCoreCount(let count): "\(count) cores; the simulator has one"
    case .unsupportedRestart: "a core behind an IOMMU cannot restart by itself"
    case .iommu(let error): error.description
    case .region(let name, let error): "region \(name): \(error)"
    case .chip(let error): error.description
    case .image(let error): "cannot run by itself: \(error)"
    case .outsideMemory(let da, let byteCount):
      "cannot run by itself: 0x\(String(byteCount, radix: 16)) bytes at da \(da) are no memory"
    }
  }
}

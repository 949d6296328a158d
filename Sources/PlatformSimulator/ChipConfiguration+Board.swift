import Boards
import SimulatedSoC
import WireTypes

extension ChipConfiguration {
  /// The parts of `board`.
  init(_ board: Board, _ core: BoardCore) {
    self.init(
      memory: board.memory.map {
        Memory(
          name: $0.name, da: $0.da, pa: $0.pa, byteCount: $0.byteCount, hugePages: $0.hugePages)
      },
      devices: board.devices.map { device in
        let kind: ChipDeviceKind =
          switch device.kind {
          case .doorbell: .doorbell(raisesExternal: device.interrupt == .external)
          case .clint: .clint
          }
        return Device(kind: kind, da: device.da)
      },
      frequencyInHertz: core.frequencyInHertz,
      restartDelay: core.restart == .itself ? Self.standardRestartDelay : nil,
      translated: board.iommu?.range)
    self.core =
      switch core.isa {
      case .rv32imac: .rv32imac
      case .armv7m: .cortexM3
      case .armv7em: .cortexM4(hasFloat: false)
      case .armv7emWithFloat: .cortexM4(hasFloat: true)
      }
  }
}

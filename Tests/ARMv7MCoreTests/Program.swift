import ARMv7MCore
import SharedMemory
import WireTypes

/// A small program in RAM with its vector table, on a core that has just been reset.
final class Program {
  static let base: UInt32 = 0x2000_0000
  /// Where the code of ``init(_:handlers:)`` begins.
  static let code: UInt32 = 0x2000_0200
  static let stack: UInt32 = 0x2000_8000

  let region: SharedRegion
  private var core: ARMv7MProcessor

  /// Halfwords of the reset handler, and of handlers by exception number.
  init(
    _ code: [UInt16], handlers: [Int: [UInt16]] = [:], model: ARMv7MModel = .cortexM4F
  ) throws {
    region = try SharedRegion(byteCount: 0x1_0000)
    let window = region.window
    core = try ARMv7MProcessor(
      model: model, windows: [(DeviceAddress(rawValue: UInt64(Self.base)), window)])
    func put(_ halves: [UInt16], at address: UInt32) {
      for (index, half) in halves.enumerated() {
        window.store(half, at: Int(address - Self.base) + 2 * index)
      }
    }
    window.store(Self.stack, at: 0)
    window.store(Self.code | 1, at: 4)
    put(code, at: Self.code)
    var place = Self.code + 0x400
    for (number, halves) in handlers.sorted(by: { $0.key < $1.key }) {
      window.store(place | 1, at: 4 * number)
      put(halves, at: place)
      place += 0x100
    }
    core.reset(vectors: DeviceAddress(rawValue: UInt64(Self.base)))
  }

  var lines: ARMv7MInterruptLines { core.lines }
  var stepCount: UInt64 { core.stepCount }
  var activeException: UInt32 { core.activeException }
  var wakesFromWait: Bool { core.wakesFromWait }
  var currentFault: ARMv7MFault? { core.currentFault }

  func run(upTo budget: UInt64) -> ARMv7MExit { core.run(upTo: budget) }
  func reset(vectors: DeviceAddress) { core.reset(vectors: vectors) }
  func register(_ number: Int) -> UInt32 { core.register(number) }
  func faultRegister(_ number: Int) -> UInt32 { core.faultRegisters[number] }
  func refuseAccess() { core.refuseAccess() }
  func completeLoad(_ value: UInt32) { core.completeLoad(value) }

  /// The word at `address`.
  func word(_ address: UInt32) -> UInt32 { region.window.loadUInt32(at: Int(address - Self.base)) }

  func store(_ value: UInt32, at address: UInt32) {
    region.window.store(value, at: Int(address - Self.base))
  }
}

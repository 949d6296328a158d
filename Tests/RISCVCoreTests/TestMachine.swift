import RISCVCore
import SharedMemory
import WireTypes

/// A core with one window of memory, and what tests do with it.
struct TestMachine: ~Copyable {
  static let base: UInt32 = 0x8000_0000

  let window: SharedWindow
  var core: RISCVHart

  var lines: RISCVInterruptLines { core.lines }

  /// Memory at ``base`` that begins with `program`; the core is reset to its first word.
  init(_ program: [UInt32] = [], byteCount: Int = 1 << 16) throws {
    let memory = try SharedRegion(byteCount: byteCount).window
    var core = try RISCVHart(windows: [(.init(Self.base), memory)])
    core.reset(pc: .init(Self.base))
    window = memory
    self.core = core
    place(program, at: Self.base)
  }

  /// Stores `program` at `address`, as a host would.
  func place(_ program: [UInt32], at address: UInt32) {
    for (index, word) in program.enumerated() {
      window.store(word, at: Int(address - Self.base) + 4 * index)
    }
  }

  /// The word at `address`.
  func word(_ address: UInt32) -> UInt32 { window.loadUInt32(at: Int(address - Self.base)) }

  /// Runs exactly as many steps as the program has words.
  mutating func run(_ steps: Int) -> RISCVExit { core.run(upTo: UInt64(steps)) }

  subscript(register: Int) -> UInt32 {
    get { core.register(register) }
    set { core.setRegister(register, to: newValue) }
  }

  /// Control register `number`.
  func control(_ number: UInt16) -> UInt32? { core.controlRegister(number) }
}

extension DeviceAddress {
  /// The address `value` of a 32-bit processor.
  init(_ value: UInt32) { self.init(rawValue: UInt64(value)) }
}

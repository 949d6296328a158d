import ARMv7MCore
import SharedMemory
import WireTypes

/// What a program left behind.
struct StreamResult: Equatable {
  var registers: [UInt32]
  var flags: UInt32
  var floats: [UInt32]
  var floatStatus: UInt32
  var memory: [UInt8]
  /// How the run ended, if not at the `wfi`.
  var failure: String?

  /// Where `self` and `other` differ, in one line.
  func difference(from other: StreamResult) -> String? {
    var parts: [String] = []
    func compare(_ name: String, _ a: UInt32, _ b: UInt32) {
      if a != b { parts.append("\(name) 0x\(String(a, radix: 16)) not 0x\(String(b, radix: 16))") }
    }
    if let failure { parts.append(failure) }
    for index in 0..<15 { compare("r\(index)", registers[index], other.registers[index]) }
    compare("flags", flags, other.flags)
    for index in 0..<32 { compare("s\(index)", floats[index], other.floats[index]) }
    compare("fpscr", floatStatus, other.floatStatus)
    if let index = memory.indices.first(where: { memory[$0] != other.memory[$0] }) {
      parts.append(
        "memory at 0x\(String(index, radix: 16)): \(memory[index]) not \(other.memory[index])")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

extension RandomStream {
  /// Runs the program on our core: in one piece, or `budget` steps at a time.
  func run(hasFloat: Bool, budget: UInt64 = 100_000) throws -> StreamResult {
    let region = try SharedRegion(byteCount: Self.byteCount)
    memory.withUnsafeBytes { bytes in
      for index in 0..<Self.byteCount { region.window.store(bytes[index], at: index) }
    }
    var core = try ARMv7MProcessor(
      model: hasFloat ? .cortexM4F : .cortexM4,
      windows: [(DeviceAddress(rawValue: UInt64(Self.base)), region.window)])
    core.reset(vectors: DeviceAddress(rawValue: UInt64(Self.base)))
    core.startFloat()
    core.pc = DeviceAddress(rawValue: UInt64(Self.base) + 0x100)
    for index in 0..<15 { core.setRegister(index, to: registers[index]) }
    core.setFlags(0)
    for index in 0..<32 { core.setFloatRegister(index, to: floats[index]) }
    var failure: String?
    let deadline = core.stepCount + 100_000
    loop: while core.stepCount < deadline {
      switch core.run(upTo: budget) {
      case .budgetSpent: continue
      case .waitForInterrupt: break loop
      case let exit:
        failure = "\(exit) at \(core.pc)"
        break loop
      }
    }
    if core.stepCount >= deadline { failure = "no end" }
    return StreamResult(
      registers: (0..<15).map { core.register($0) }, flags: core.programStatus & 0xf80f_0000,
      floats: (0..<32).map { core.floatRegister($0) }, floatStatus: core.floatStatus,
      memory: (0..<Self.byteCount).map { region.window.loadUInt8(at: $0) }, failure: failure)
  }
}

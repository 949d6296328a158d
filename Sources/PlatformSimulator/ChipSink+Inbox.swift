import ARMv7MCore
package import Remoteproc
package import SimulatedSoC
import WireTypes

extension ChipSink {
  /// Puts a chip's news into `inbox`.
  convenience init(_ inbox: ProcessorInbox) {
    self.init(
      kicked: { inbox.notify($0) },
      happened: { event in
        switch event {
        case .stateWord(let word): inbox.report(.stateWord(word))
        case .console(let bytes): inbox.report(.console(bytes))
        case .exited(let code): inbox.report(.exited(code: code))
        case .crashed(let crash): inbox.report(.crash(CrashReport(crash)))
        }
      })
  }
}

extension CrashReport {
  /// The report of a simulated core's crash.
  package init(_ crash: ChipCrash) {
    self.init(
      kind: CrashKind(crash), pc: crash.pc, address: crash.address, access: crash.access,
      detail: Self.detail(crash))
  }

  private static func detail(_ crash: ChipCrash) -> String {
    var parts: [String] = []
    if let fault = crash.fault {
      parts.append(Self.description(of: fault))
    } else if let cause = crash.cause {
      parts.append(Self.name(ofCause: cause))
    }
    if crash.kind == .illegalInstruction, let value = crash.value {
      parts.append("instruction 0x\(String(value, radix: 16))")
    }
    if let code = crash.fatalCode {
      parts.append("firmware reported code 0x\(String(code, radix: 16))")
    }
    return parts.joined(separator: ", ")
  }

  /// The exception and the fault registers, addresses only where they are valid.
  private static func description(of fault: ARMv7MFault) -> String {
    func hex(_ value: UInt32) -> String { "0x\(String(value, radix: 16))" }
    let name =
      switch fault.exception {
      case 4: "MemManage"
      case 5: "BusFault"
      case 6: "UsageFault"
      default: "HardFault"
      }
    var text = "\(name), CFSR \(hex(fault.configurableStatus)), HFSR \(hex(fault.hardStatus))"
    if fault.configurableStatus & 1 << 7 != 0 { text += ", MMFAR \(hex(fault.memManageAddress))" }
    if fault.configurableStatus & 1 << 15 != 0 { text += ", BFAR \(hex(fault.busAddress))" }
    return text
  }

  // The names of [RISCV-PRIV] §3.1.15, table of mcause.
  private static func name(ofCause cause: UInt32) -> String {
    switch cause {
    case 1: "instruction access fault"
    case 2: "illegal instruction"
    case 3: "breakpoint"
    case 4: "load address misaligned"
    case 5: "load access fault"
    case 6: "store address misaligned"
    case 7: "store access fault"
    case 8: "environment call from user mode"
    case 11: "environment call from machine mode"
    default: "cause 0x\(String(cause, radix: 16))"
    }
  }
}

extension CrashKind {
  fileprivate init(_ crash: ChipCrash) {
    self =
      switch crash.kind {
      case .busFault: .busFault
      case .mmuFault: .mmuFault
      case .illegalInstruction: .illegalInstruction
      case .misalignedAccess: .misaligned
      case .unhandledCall: crash.cause == 3 || crash.fault != nil ? .breakpoint : .environmentCall
      case .watchdog: .watchdog
      case .fatalError: .fatalError(code: crash.fatalCode ?? 0)
      case .hang: .hang
      }
  }
}

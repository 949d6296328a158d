package import RISCVCore
package import Scheduling
import Synchronization
public import WireTypes

/// The mailbox of the built-in boards: kicks in both directions, and the firmware's word to the
/// host.
///
/// Host threads kick while the core reads and writes registers, so what both touch is atomic.
/// Registers: ``DoorbellRegister``.
public final class DoorbellDevice: Sendable {
  /// What a store to a register asks the chip to do.
  package enum Effect: Equatable {
    /// Nothing more.
    case none
    /// No register is there.
    case refused
    case kick(NotifyID)
    case state(UInt32)
    case idle
    case exit(UInt32)
    case console(UInt8)
    case watchdog(milliseconds: UInt32)
  }

  private let pending = Atomic<UInt32>(0)
  private let interruptEnable = Atomic<UInt32>(0)
  private let watchdogMilliseconds = Atomic<UInt32>(0)
  private let kickCount = Atomic<UInt64>(0)
  private let mailbox = RequestMailbox()
  private let table = Atomic<UInt32>(0)
  private let tableByteCount = Atomic<UInt32>(0)
  private let lines: ChipLines
  private let raisesExternal: Bool

  /// Bits of `IRQ_ENABLE`.
  private enum Enable {
    static let kicks: UInt32 = 1 << 0
    static let requests: UInt32 = 1 << 1
  }

  package convenience init(lines: RISCVInterruptLines, raisesExternal: Bool) {
    self.init(.riscv(lines), raisesExternal: raisesExternal)
  }

  package init(_ lines: ChipLines, raisesExternal: Bool) {
    self.lines = lines
    self.raisesExternal = raisesExternal
  }

  /// The bit of `PENDING` for a notify id: ids above 31 share the last bit.
  public static func pendingBit(of id: NotifyID) -> UInt32 { 1 << min(id.rawValue, 31) }

  /// The host's kicks that the core has not taken yet.
  public var pendingKicks: UInt32 { pending.load(ordering: .sequentiallyConsistent) }

  /// Kicks of the host since the last reset.
  public var hostKickCount: UInt64 { kickCount.load(ordering: .relaxed) }

  /// Sets the bits of `kicks` as the host; does not wake a sleeping core.
  ///
  /// Any thread.
  package func receive(_ kicks: UInt32) {
    // ORDERING: what the host wrote into rings before is visible to a core that sees the bit.
    pending.bitwiseOr(kicks, ordering: .sequentiallyConsistent)
    kickCount.wrappingAdd(1, ordering: .relaxed)
    updateLine()
  }

  /// What a load of the register at `offset` gives; `nil` where there is none.
  package func load(at offset: UInt32) -> UInt32? {
    switch DoorbellRegister(rawValue: offset) {
    case .pending:
      let taken = pending.exchange(0, ordering: .sequentiallyConsistent)
      updateLine()
      return taken
    case .pendingPeek: return pendingKicks
    case .interruptEnable: return interruptEnable.load(ordering: .relaxed)
    case .watchdog: return watchdogMilliseconds.load(ordering: .relaxed)
    case .request: return mailbox.pending
    case .table: return table.load(ordering: .relaxed)
    case .tableByteCount: return tableByteCount.load(ordering: .relaxed)
    case .kick, .state, .idle, .exit, .console, .acknowledge: return 0
    case nil: return nil
    }
  }

  /// Stores `value` to the register at `offset`; says what the chip has to do.
  package func store(_ value: UInt32, at offset: UInt32) -> Effect {
    switch DoorbellRegister(rawValue: offset) {
    case .kick: return .kick(NotifyID(rawValue: value))
    case .state: return .state(value)
    case .idle: return value == 1 ? .idle : .none
    case .exit: return .exit(value)
    case .console: return .console(UInt8(truncatingIfNeeded: value))
    case .interruptEnable:
      interruptEnable.store(
        value & (Enable.kicks | Enable.requests), ordering: .sequentiallyConsistent)
      updateLine()
      return .none
    case .watchdog:
      watchdogMilliseconds.store(value, ordering: .relaxed)
      return .watchdog(milliseconds: value)
    case .acknowledge:
      mailbox.answer(value)
      updateLine()
      return .none
    case .table:
      table.store(value, ordering: .relaxed)
      return .none
    case .tableByteCount:
      // ORDERING: who sees the size sees the address, and the table itself, as they were before.
      tableByteCount.store(value, ordering: .releasing)
      return .none
    case .pending, .pendingPeek, .request: return .none
    case nil: return .refused
    }
  }

  /// Where the firmware that runs has its resource table, as it said itself; any numbers.
  public var loadedTable: AddressRange<DeviceAddress>? {
    let byteCount = tableByteCount.load(ordering: .acquiring)
    guard byteCount > 0 else { return nil }
    let start = DeviceAddress(rawValue: UInt64(table.load(ordering: .relaxed)))
    return AddressRange(start: start, byteCount: UInt64(byteCount))
  }

  /// Says where the table is, as a boot loader does.
  package func setLoadedTable(_ range: AddressRange<DeviceAddress>?) {
    table.store(UInt32(truncatingIfNeeded: range?.start.rawValue ?? 0), ordering: .relaxed)
    tableByteCount.store(
      UInt32(truncatingIfNeeded: range?.byteCount ?? 0), ordering: .releasing)
  }

  /// Back to the state after a reset of the core, which keeps the registers of the table; a
  /// request that waits gets no answer any more.
  package func reset() {
    mailbox.giveUp()
    interruptEnable.store(0, ordering: .sequentiallyConsistent)
    pending.store(0, ordering: .sequentiallyConsistent)
    watchdogMilliseconds.store(0, ordering: .relaxed)
    kickCount.store(0, ordering: .relaxed)
    updateLine()
  }

  /// Whether a core that sleeps by `IDLE` has something to do.
  var endsIdle: Bool { pendingKicks != 0 || hasEnabledRequest }

  private var hasEnabledRequest: Bool { mailbox.pending != 0 && listensForRequests }

  private var wantsLine: Bool {
    if hasEnabledRequest { return true }
    return pending.load(ordering: .sequentiallyConsistent) != 0
      && interruptEnable.load(ordering: .sequentiallyConsistent) & Enable.kicks != 0
  }

  // The line follows `pending`, which both sides change. Whoever moved the line looks again after
  // it, so the last one to move it has seen the last change.
  private func updateLine() {
    guard raisesExternal else { return }
    var level = wantsLine
    while true {
      lines.setDoorbell(level)
      let now = wantsLine
      if now == level { return }
      level = now
    }
  }
}

// Requests of the host.
extension DoorbellDevice {
  /// Whether the firmware wants to be told of requests.
  package var listensForRequests: Bool {
    interruptEnable.load(ordering: .sequentiallyConsistent) & Enable.requests != 0
  }

  /// Takes the mailbox for one request; false when another thread has it.
  package func takeMailbox() -> Bool { mailbox.take() }

  /// Gives the mailbox back; without effect on the firmware's side when the request is answered.
  package func giveMailboxBack() {
    mailbox.giveBack()
    updateLine()
  }

  /// Shows `request` to the firmware; does not wake a sleeping core.
  ///
  /// - Precondition: the caller took the mailbox.
  package func post(_ request: HostRequest) {
    mailbox.post(request)
    updateLine()
  }

  /// The core executes no more, so who waits for an answer need not wait longer.
  package func giveUpRequest() {
    mailbox.giveUp()
    updateLine()
  }

  /// What has become of the request; `nil` while it is pending.
  package var requestOutcome: HostRequestAnswer? { mailbox.outcome }

  /// Waits for the answer, and takes the request back when none comes until `deadline`.
  package func waitForAnswer(until deadline: MonotonicTime) -> HostRequestAnswer {
    defer { updateLine() }
    return mailbox.wait(until: deadline)
  }
}

import CBoard
public import Vring
public import WireTypes
import _Volatile

/// The registers by which host and remote notify each other; one page, 32-bit registers.
///
/// | Offset | Access | Register       |
/// |-------:|:------:|----------------|
/// |   0x00 |   W    | `KICK`         |
/// |   0x04 |   R    | `PENDING`      |
/// |   0x08 |   W    | `STATE`        |
/// |   0x0C |   W    | `IDLE`         |
/// |   0x10 |   RW   | `IRQ_ENABLE`   |
/// |   0x14 |   R    | `PENDING_PEEK` |
/// |   0x18 |   W    | `EXIT`         |
/// |   0x1C |   W    | `CONSOLE`      |
/// |   0x20 |   RW   | `WATCHDOG`     |
/// |   0x24 |   R    | `REQUEST`      |
/// |   0x28 |   W    | `ACKNOWLEDGE`  |
/// |   0x2c |   RW   | `TABLE`        |
/// |   0x30 |   RW   | `TABLE_SIZE`   |
public struct DoorbellDevice: Doorbell {
  private enum Register: UInt {
    case kick = 0x00
    case pending = 0x04
    case state = 0x08
    case idle = 0x0c
    case interruptEnable = 0x10
    case exit = 0x18
    case watchdog = 0x20
    case request = 0x24
    case acknowledge = 0x28
    case table = 0x2c
    case tableByteCount = 0x30
  }

  /// What the host asks for.
  public enum Request: UInt32, Sendable {
    case suspend = 1
    case resume = 2
    case shutdown = 3
  }

  /// The life-cycle word that tells the host how far the firmware has come.
  public enum State: UInt32, Sendable {
    case booted = 1
    case tableAccepted = 2
    case deviceUp = 3
    case exited = 4
  }

  /// The doorbell of the board.
  public init() {}

  private func register(_ register: Register) -> VolatileMappedRegister<UInt32> {
    // SAFETY: the board has its doorbell there.
    unsafe VolatileMappedRegister(unsafeBitPattern: MemoryMap.doorbell + register.rawValue)
  }

  /// Notifies the host that the vring with this notify id has something new.
  public func kick(_ id: NotifyID) {
    // ORDERING: the host sees the ring as we left it before it sees the kick.
    board_fence()
    register(.kick).store(id.rawValue)
  }

  /// Takes the host's kicks: bit n says that it kicked notify id n since the last call.
  public func takePending() -> UInt32 {
    let pending = register(.pending).load()
    // ORDERING: a ring read after this shows what the host put there before its kick.
    board_fence()
    return pending
  }

  /// Tells the host how far the firmware has come.
  public func report(_ state: State) { register(.state).store(state.rawValue) }

  /// Tells the host that the firmware cannot go on; a crash with this code.
  public func reportFatal(_ code: UInt16) { register(.state).store(0xdead_0000 | UInt32(code)) }

  /// Ends the firmware with `code`; 0...63 become the exit status of a test run.
  public func exit(_ code: UInt32) { register(.exit).store(code) }

  /// Lets the core sleep until the host kicks; for firmware that polls.
  public func idle() { register(.idle).store(1) }

  /// What the host asks for at this moment, if anything.
  public var request: Request? { Request(rawValue: register(.request).load()) }

  /// Tells the host that its request is done.
  public func acknowledge(_ request: Request) {
    // ORDERING: the host finds memory as we left it when it sees the answer.
    board_fence()
    register(.acknowledge).store(request.rawValue)
  }

  /// Tells the host that its request will not be done.
  public func refuse(_ request: Request) {
    register(.acknowledge).store(request.rawValue | 1 << 31)
  }

  /// Tells a host that comes while we run where the resource table lies.
  public func publishTable(at address: UInt32, byteCount: UInt32) {
    register(.table).store(address)
    register(.tableByteCount).store(byteCount)
  }

  /// Raises the interrupt line from now on while kicks are pending, and with `forRequests` also
  /// while a request of the host is, which then ends ``idle()`` too.
  public func enableInterrupt(forRequests: Bool) {
    register(.interruptEnable).store(forRequests ? 0b11 : 0b01)
  }

  /// Keeps the interrupt line down.
  public func disableInterrupt() { register(.interruptEnable).store(0) }

  /// Arms or feeds the watchdog: without another call within `milliseconds` the core has crashed.
  public func feedWatchdog(milliseconds: UInt32) { register(.watchdog).store(milliseconds) }

  /// Disarms the watchdog.
  public func disarmWatchdog() { register(.watchdog).store(0) }
}

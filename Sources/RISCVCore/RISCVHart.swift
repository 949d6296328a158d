public import CoreSupport
public import SharedMemory
public import WireTypes

/// One RV32IMAC processor with Zicsr and Zifencei, machine and user mode: a value that steps.
///
/// It never calls out. ``run(upTo:)`` returns when it needs somebody: for an access outside its
/// memory, to wait for an interrupt, at the end of its budget. Any one thread at a time may use it;
/// other threads reach it through ``RISCVInterruptLines`` and the shared memory only.
///
/// Choices where [RISCV-UNPRIV] and [RISCV-PRIV] leave one:
/// - Misaligned loads and stores in memory work, byte by byte; outside memory they are access
///   faults. Misaligned atomic operations are access faults everywhere.
/// - `lr.w`, `sc.w` and `amo*` outside memory are access faults. `sc.w` succeeds when the word
///   still holds the value that `lr.w` loaded. Source: practice (a compare-and-exchange of the
///   host; what changes and changes back meanwhile is not noticed).
/// - Atomic operations and `fence` are sequentially consistent ones of the host; other accesses are
///   relaxed atomic ones.
/// - A store by the program itself to code is seen at once, one by the host after `fence.i` or
///   ``reset(pc:)``.
/// - `mtval` of `ebreak` is its address. There are no performance counters, no memory protection
///   and no triggers; their registers read as 0.
public struct RISCVHart: ~Copyable, Sendable {
  /// The interrupt lines into this core.
  public let lines: RISCVInterruptLines
  private(set) var memory: CoreMemory
  let registers = OwnedBuffer<UInt32>(repeating: 0, count: RegisterFile.slotCount)
  var cache = BlockCache()
  var machine: MachineRegisters

  /// The address of the next instruction, always even.
  var counter: UInt32 = 0
  /// Instructions executed and traps taken since the core was made.
  public internal(set) var stepCount: UInt64 = 0
  /// Steps that were traps and retired nothing.
  var trapCount: UInt64 = 0
  /// The deadline that was last stored in the lines, in steps.
  var armedSteps: UInt64 = 0
  /// Interrupts must be looked at again before the next block.
  var mustLook = true
  /// Where the last jump came from that is not linked to its target yet.
  var unlinked: UnlinkedJump?
  var reservation: Reservation?
  var pendingAccess: PendingAccess?
  /// A fatal trap that ``refuseAccess()`` caused and the next run reports.
  var queuedExit: RISCVExit?

  /// The exception whose handler runs now: set by a synchronous trap, cleared by `mret`.
  public internal(set) var currentException: RISCVTrap?
  /// The integer registers as they were at the last exception, for a dump of the program that
  /// caused it; its handler has changed some since.
  public internal(set) var exceptionRegisters = InlineArray<32, UInt32>(repeating: 0)

  /// Makes a core at reset with program counter 0.
  ///
  /// - Parameters:
  ///   - hartID: What `mhartid` reads.
  ///   - windows: The memory the core sees, not overlapping. The first is the fastest.
  ///   - lines: Its interrupt lines; never shared between cores.
  /// - Throws: ``RISCVCoreError`` when the windows make no memory map.
  public init(
    hartID: UInt32 = 0, windows: [(base: DeviceAddress, window: SharedWindow)],
    lines: RISCVInterruptLines = RISCVInterruptLines()
  ) throws(RISCVCoreError) {
    memory = try CoreMemory(windows.map { RISCVMemory(base: $0.base, window: $0.window) })
    machine = MachineRegisters(hartID: hartID)
    self.lines = lines
  }

  /// Makes a core at reset behind a translation unit, which shows it nothing yet.
  ///
  /// - Parameters:
  ///   - hartID: What `mhartid` reads.
  ///   - translated: The addresses that the unit answers for. An access there to what
  ///     ``setMemory(_:)`` does not name, or not for that, ends the run with
  ///     ``RISCVExit/translationFault(_:)``.
  ///   - lines: Its interrupt lines; never shared between cores.
  /// - Throws: ``RISCVCoreError``, which no range of addresses is a reason for today.
  public init(
    hartID: UInt32 = 0, translated: AddressRange<DeviceAddress>,
    lines: RISCVInterruptLines = RISCVInterruptLines()
  ) throws(RISCVCoreError) {
    memory = try CoreMemory([], translated: translated)
    machine = MachineRegisters(hartID: hartID)
    self.lines = lines
  }

  /// Changes all the memory the core sees; translated code is forgotten.
  ///
  /// Two windows may show the same bytes; what the program writes through one to code it has run
  /// through the other is seen after `fence.i`.
  ///
  /// - Parameter windows: Not overlapping. Until the program's stack is known to lie in another,
  ///   the first that can be read and written is the fastest.
  /// - Throws: ``RISCVCoreError`` with nothing changed.
  public mutating func setMemory(_ windows: [RISCVMemory]) throws(RISCVCoreError) {
    let changed = try CoreMemory(windows, translated: memory.translated)
    cache.forgetAll(memory)
    memory = changed
    mustLook = true
    unlinked = nil
    reservation = nil
    pendingAccess = nil
    queuedExit = nil
  }

  /// Lets the hot loop try the window in which the program has its stack, once data that it keeps
  /// there was asked for the long way.
  mutating func preferWindow(of address: UInt32) {
    memory.preferWindow(of: address, stack: registers[2])
  }

  /// Resets the core: machine mode, interrupts off, integer registers 0, `mtvec` 0.
  ///
  /// Memory and interrupt lines stay as they are; translated code is forgotten. Counters go back
  /// to 0, ``stepCount`` goes on.
  ///
  /// - Parameter pc: Where execution starts; bit 0 and bits above 31 are dropped.
  public mutating func reset(pc: DeviceAddress) {
    for index in 0..<RegisterFile.slotCount { registers[index] = 0 }
    machine = MachineRegisters(hartID: machine.hartID)
    counter = UInt32(truncatingIfNeeded: pc.rawValue) & ~1
    trapCount = stepCount
    cache.forgetAll(memory)
    mustLook = true
    unlinked = nil
    reservation = nil
    pendingAccess = nil
    queuedExit = nil
    currentException = nil
  }
}

// What debuggers, dumps and statistics look at.
extension RISCVHart {
  /// The address of the next instruction; setting it drops bit 0 and bits above 31.
  public var pc: DeviceAddress {
    get { DeviceAddress(rawValue: UInt64(counter)) }
    set {
      counter = UInt32(truncatingIfNeeded: newValue.rawValue) & ~1
      pendingAccess = nil
    }
  }

  /// Instructions retired since reset; traps, `ecall` and `ebreak` do not count.
  public var instructionCount: UInt64 { stepCount &- trapCount }

  /// The privilege of the next instruction.
  public var privilege: RISCVPrivilege { machine.privilege }

  /// Whether `wfi` would return at once: an interrupt is pending and enabled in `mie`.
  public var wakesFromWait: Bool { lines.pending & machine.enabledInterrupts != 0 }

  /// The value of integer register `number`.
  ///
  /// - Precondition: `0 <= number <= 31`.
  public func register(_ number: Int) -> UInt32 {
    precondition(number >= 0 && number < 32, "no such integer register")
    return registers[number]
  }

  /// Sets integer register `number`; register 0 stays 0.
  ///
  /// - Precondition: `0 <= number <= 31`.
  public mutating func setRegister(_ number: Int, to value: UInt32) {
    precondition(number >= 0 && number < 32, "no such integer register")
    if number != 0 { registers[number] = value }
  }

  /// The value of control register `number`, whatever the privilege; `nil` if there is none.
  public func controlRegister(_ number: UInt16) -> UInt32? {
    machine.read(UInt32(number), counterInputs)
  }

  /// Writes control register `number`, whatever the privilege; bits that do not exist are dropped.
  ///
  /// - Returns: Whether there is such a register and it can be written.
  @discardableResult
  public mutating func setControlRegister(_ number: UInt16, to value: UInt32) -> Bool {
    guard number >> 10 != 3, controlRegister(number) != nil else { return false }
    // The program did not write it, so the next instruction's increment is not replaced.
    var inputs = counterInputs
    inputs.retired &-= 1
    machine.write(UInt32(number), value, inputs)
    mustLook = true
    return true
  }

  var counterInputs: MachineRegisters.Inputs {
    MachineRegisters.Inputs(retired: instructionCount, pending: lines.pending)
  }
}

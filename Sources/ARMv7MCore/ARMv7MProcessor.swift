public import CoreSupport
public import SharedMemory
public import WireTypes

/// What kind of core an ``ARMv7MProcessor`` is.
public struct ARMv7MModel: Equatable, Sendable {
  /// Whether it has the DSP extension, as a Cortex-M4 has and a Cortex-M3 has not.
  public var hasDSP: Bool
  /// Whether it has the single-precision floating-point unit.
  public var hasFloat: Bool

  /// Makes a description.
  public init(hasDSP: Bool, hasFloat: Bool) {
    self.hasDSP = hasDSP
    self.hasFloat = hasFloat
  }

  /// A Cortex-M3.
  public static let cortexM3 = ARMv7MModel(hasDSP: false, hasFloat: false)
  /// A Cortex-M4 without a floating-point unit.
  public static let cortexM4 = ARMv7MModel(hasDSP: true, hasFloat: false)
  /// A Cortex-M4 with one.
  public static let cortexM4F = ARMv7MModel(hasDSP: true, hasFloat: true)

  /// `CPUID`: r2p0 of a Cortex-M3, r0p1 of a Cortex-M4.
  var identification: UInt32 { hasDSP ? 0x410f_c241 : 0x412f_c230 }
}

/// One Cortex-M3 or M4: a value that steps.
///
/// It never calls out. ``run(upTo:)`` returns when it needs somebody: for an access outside its
/// memory, to wait for an interrupt, at the end of its budget. Any one thread at a time may use it;
/// other threads reach it through ``ARMv7MInterruptLines`` and the shared memory only.
///
/// Choices where [ARMV7M] leaves one:
/// - `ldrex` and `strex` are a load and a compare-and-exchange of the host: `strex` succeeds when
///   the bytes still hold what `ldrex` loaded. Source: practice.
/// - `dmb`, `dsb` and `isb` are full fences of the host; other accesses are relaxed atomic ones.
/// - A store by the program itself to code is seen at once, one by the host after
///   ``reset(vectors:)``.
/// - All bus faults are precise. Floating-point registers are stacked at once, never lazily.
/// - Flags that nobody reads before they are written again are not kept up to date in between; an
///   exception there stacks older ones.
public struct ARMv7MProcessor: ~Copyable, Sendable {
  /// The interrupt lines into this core.
  public let lines: ARMv7MInterruptLines
  /// What kind of core it is.
  public let model: ARMv7MModel
  private(set) var memory: CoreMemory
  let registers = OwnedBuffer<UInt32>(repeating: 0, count: RegisterFile.slotCount)
  var cache = BlockCache()
  /// What the hot loop sees while every access has to be checked.
  let noLines = OwnedBuffer<UInt8>(repeating: 0, count: 1)
  let noBuckets = OwnedBuffer<UInt32>(repeating: 0, count: 1)

  /// The address of the next instruction, always even.
  var counter: UInt32 = 0
  /// Instructions executed and faults taken since the core was made.
  public internal(set) var stepCount: UInt64 = 0
  /// Steps at the last reset.
  var resetSteps: UInt64 = 0
  /// The deadline that was last stored in the lines, in steps.
  var armedSteps: UInt64 = 0
  /// Interrupts must be looked at again before the next block.
  var mustLook = true
  /// Where the last jump came from that is not linked to its target yet.
  var unlinked: UnlinkedJump?

  /// IPSR: the exception whose handler runs, 0 in thread mode.
  var exception: UInt32 = 0
  /// PRIMASK and FAULTMASK.
  var masksInterrupts = false
  var masksFaults = false
  /// BASEPRI; 0: off.
  var basePriority: UInt32 = 0
  /// CONTROL.nPRIV: thread mode is unprivileged.
  var isThreadUnprivileged = false
  /// CONTROL.SPSEL: thread mode uses the process stack.
  var usesProcessStack = false
  /// The stack pointer that is not in use.
  var otherStack: UInt32 = 0
  /// ITSTATE before the next instruction; 0 outside IT blocks.
  var itState: UInt8 = 0
  /// The T bit of EPSR; without it every instruction is a fault.
  var isThumb = true

  var exceptions = ExceptionState()
  var system = SystemControl()
  var protection = MemoryProtection()
  var reservation: Reservation?
  var hasEvent = false
  /// The core waits by `wfe`.
  var waitsForEvent = false
  /// An exception was entered or left by the present instruction.
  var hasNewState = false
  /// Where the program goes on behind the instruction that is being interpreted.
  var following: UInt32 = 0
  /// Answers to the accesses that the instruction at the program counter has made so far.
  var answers: [AccessAnswer] = []
  /// Answers it has used in the present attempt.
  var usedAnswers = 0
  var pendingAccess: PendingAccess?
  var lockup: ARMv7MFault?

  /// The fault whose handler runs now: set by a fault, cleared when its handler returns.
  public internal(set) var currentFault: ARMv7MFault?
  /// Registers `r0` to `r15` and xPSR as they were at the last fault, for a dump of the program
  /// that caused it; its handler has changed some since.
  public internal(set) var faultRegisters = InlineArray<17, UInt32>(repeating: 0)

  /// Makes a core at reset, which has no program until ``reset(vectors:)``.
  ///
  /// - Parameters:
  ///   - model: What kind of core.
  ///   - windows: The memory the core sees, not overlapping. The first is the fastest.
  ///   - lines: Its interrupt lines; never shared between cores.
  /// - Throws: ``CoreWindowError`` when the windows make no memory map.
  public init(
    model: ARMv7MModel, windows: [(base: DeviceAddress, window: SharedWindow)],
    lines: ARMv7MInterruptLines = ARMv7MInterruptLines()
  ) throws(CoreWindowError) {
    memory = try CoreMemory(windows.map { CoreWindow(base: $0.base, window: $0.window) })
    self.model = model
    self.lines = lines
  }

  /// Changes all the memory the core sees; translated code is forgotten.
  ///
  /// - Parameter windows: Not overlapping.
  /// - Throws: ``CoreWindowError`` with nothing changed.
  public mutating func setMemory(_ windows: [CoreWindow]) throws(CoreWindowError) {
    let changed = try CoreMemory(windows, translated: memory.translated)
    cache.forgetAll(memory)
    memory = changed
    mustLook = true
    unlinked = nil
    reservation = nil
    abandonAccess()
  }

  /// Lets the hot loop try the window of data that was asked for the long way.
  mutating func preferWindow(of address: UInt32) {
    memory.preferWindow(of: address, stack: registers[Int(RegisterFile.sp)])
  }

  /// The registers as the loop and the arithmetic see them.
  var x: RegisterFile { RegisterFile(registers) }

  /// Resets the core: it takes its stack pointer and program counter from a vector table.
  ///
  /// Memory stays as it is, translated code is forgotten; the interrupt lines keep their levels.
  /// ``stepCount`` goes on. When the table cannot be read the next run ends in
  /// ``ARMv7MExit/lockup(_:)``.
  ///
  /// - Parameter vectors: The address of the table, which `VTOR` shows from then on; its low seven
  ///   bits are dropped.
  public mutating func reset(vectors: DeviceAddress) {
    for index in 0..<RegisterFile.slotCount { registers[index] = 0 }
    x[RegisterFile.lr] = .max
    x[RegisterFile.z] = 1
    exception = 0
    masksInterrupts = false
    masksFaults = false
    basePriority = 0
    isThreadUnprivileged = false
    usesProcessStack = false
    otherStack = 0
    itState = 0
    exceptions = ExceptionState()
    system = SystemControl()
    protection = MemoryProtection()
    reservation = nil
    hasEvent = false
    waitsForEvent = false
    currentFault = nil
    lockup = nil
    resetSteps = stepCount
    mustLook = true
    unlinked = nil
    abandonAccess()
    cache.forgetAll(memory)
    loadVectors(UInt32(truncatingIfNeeded: vectors.rawValue) & ~0x7f)
  }

  private mutating func loadVectors(_ table: UInt32) {
    system.vectorTable = table
    guard let stack = memory.load(table, byteCount: 4),
      let start = memory.load(table &+ 4, byteCount: 4)
    else {
      counter = 0
      system.hardStatus = 1 << 1
      lockup = fault(ExceptionState.hardFault, access: .read)
      return
    }
    x[RegisterFile.sp] = stack & ~3
    counter = start & ~1
    isThumb = start & 1 == 1
  }

  mutating func abandonAccess() {
    pendingAccess = nil
    answers.removeAll(keepingCapacity: true)
    usedAnswers = 0
  }
}

/// What `ldrex` left for `strex`.
struct Reservation: Sendable {
  let address: UInt32
  let width: UInt32
  /// The bytes as they lay in memory.
  let value: UInt32
}

// What debuggers, dumps and statistics look at.
extension ARMv7MProcessor {
  /// The address of the next instruction; setting it drops bit 0 and bits above 31, and goes on in
  /// Thumb state outside of any IT block.
  public var pc: DeviceAddress {
    get { DeviceAddress(rawValue: UInt64(counter)) }
    set {
      counter = UInt32(truncatingIfNeeded: newValue.rawValue) & ~1
      itState = 0
      isThumb = true
      unlinked = nil
      abandonAccess()
    }
  }

  /// Instructions since reset, faults included.
  public var instructionCount: UInt64 { stepCount &- resetSteps }

  /// The exception whose handler runs, 0 in thread mode.
  public var activeException: UInt32 { exception }

  /// The value of register `number`: 13 is the stack pointer in use, 15 the program counter.
  ///
  /// - Precondition: `0 <= number <= 15`.
  public func register(_ number: Int) -> UInt32 {
    precondition(number >= 0 && number < 16, "no such register")
    return number == 15 ? counter : registers[number]
  }

  /// Sets register `number`; 15 is the program counter, whose bit 0 is dropped.
  ///
  /// - Precondition: `0 <= number <= 15`.
  public mutating func setRegister(_ number: Int, to value: UInt32) {
    precondition(number >= 0 && number < 16, "no such register")
    guard number < 15 else {
      pc = DeviceAddress(rawValue: UInt64(value))
      return
    }
    registers[number] = number == 13 ? value & ~3 : value
  }

  /// Floating-point register `s`*number*, as its bits.
  ///
  /// - Precondition: `0 <= number <= 31`.
  public func floatRegister(_ number: Int) -> UInt32 {
    precondition(number >= 0 && number < 32, "no such floating-point register")
    return registers[Int(RegisterFile.float) + number]
  }

  /// Sets floating-point register `s`*number*.
  ///
  /// - Precondition: `0 <= number <= 31`.
  public mutating func setFloatRegister(_ number: Int, to value: UInt32) {
    precondition(number >= 0 && number < 32, "no such floating-point register")
    registers[Int(RegisterFile.float) + number] = value
  }

  /// xPSR: flags, ITSTATE, T bit and the number of the exception.
  public var programStatus: UInt32 {
    let state = UInt32(itState)
    return x.flags | (state & 3) << 25 | (state >> 2) << 10 | (isThumb ? 1 << 24 : 0) | exception
  }

  /// Sets the flags from the upper bits of `value`: N, Z, C, V, Q, and GE in bits 16 to 19.
  public mutating func setFlags(_ value: UInt32) { x.flags = value }

  /// MSP and PSP.
  public var stackPointers: (main: UInt32, process: UInt32) {
    let active = x[RegisterFile.sp]
    return isProcessStackActive ? (otherStack, active) : (active, otherStack)
  }

  /// CONTROL.
  public var control: UInt32 {
    (isThreadUnprivileged ? 1 : 0) | (usesProcessStack ? 2 : 0)
      | (model.hasFloat ? x[RegisterFile.floatActive] << 2 : 0)
  }

  /// PRIMASK, FAULTMASK and BASEPRI.
  public var masks: (interrupts: Bool, faults: Bool, basePriority: UInt32) {
    (masksInterrupts, masksFaults, basePriority)
  }

  /// FPSCR.
  public var floatStatus: UInt32 { x[RegisterFile.floatFlags] | x[RegisterFile.floatStatus] }

  /// The value of a system register of the private peripheral bus, such as `CFSR` at 0xE000ED28,
  /// without an effect of reading; `nil` where there is none.
  public func systemRegister(_ address: UInt32) -> UInt32? { readSystem(address) }

  var isProcessStackActive: Bool { exception == 0 && usesProcessStack }
  /// Whether what runs now is privileged.
  var isPrivileged: Bool { exception != 0 || !isThreadUnprivileged }
}

extension ARMv7MProcessor {
  /// Switches the floating-point unit on, as a program does by `CPACR` and its first instruction.
  ///
  /// Without effect on a core without one.
  public mutating func startFloat() {
    guard model.hasFloat else { return }
    system.coprocessorAccess = 15 << 20
    x[RegisterFile.floatActive] = 1
    cache.forgetAll(memory)
  }
}

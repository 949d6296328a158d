public import Boards
public import Coredump
public import ELF
public import Remoteproc
public import Scheduling
public import SharedMemory
public import SimulatedSoC
public import Vring
public import WireTypes

/// A processor on a simulated board.
///
/// Carveouts with a fixed address inside the board's RAM get that memory, others some that
/// is free. All RAM is visible to the core, so segments outside carveouts load as well. Without an
/// IOMMU device and physical addresses differ only where the board says so.
///
/// On a board with an IOMMU memory comes from anywhere, and the core sees only what is mapped, and
/// only in the way that the protection allows; anything else is a crash.
public struct SimulatorPlatform: PlatformDriver, ~Copyable {
  /// Rings the doorbell of the simulated chip; cheap to copy, any thread.
  public struct Bell: Doorbell {
    let chip: SimulatedChip

    /// Sets the bit of `id` in the doorbell's `PENDING` and wakes the core.
    public func kick(_ id: NotifyID) { chip.kick(id) }
  }

  /// The chip; for statistics and registers, also while the processor runs.
  public let chip: SimulatedChip
  /// Bounds from the board's policy.
  public let policy: ResourcePolicy
  /// Memory with a name that the board sets aside.
  public var regions: [MemoryRegion] { pools.regions }
  /// What about the board is not as it was asked for.
  public let notices: [BootNotice]
  private var pools: BoardPools
  /// The board's translation unit, with nothing mapped; `nil` without one.
  let iommu: IOMMUDomain?
  /// What is mapped for the core.
  var mappings: [ChipMapping] = []
  /// RAM may hold what an earlier boot left there.
  private var isUsed = false
  let restartsItself: Bool

  /// Builds the parts of `board`, with its core in reset.
  ///
  /// - Parameters:
  ///   - board: a board with one core.
  ///   - inbox: gets kicks, console output, life-cycle words, exits and crashes.
  ///   - pool: runs the core while it is not asleep.
  /// - Throws: ``SimulatorError``.
  public init(
    board: Board, inbox: ProcessorInbox, pool: WorkerPool
  ) throws(SimulatorError) {
    guard let core = board.core else { throw .noCore(board: board.name) }
    guard core.count == 1 else { throw .unsupportedCoreCount(core.count) }
    guard board.iommu == nil || core.restart == .none else { throw .unsupportedRestart }
    let unit = try board.iommu.map { (unit) throws(SimulatorError) in try Self.domain(unit) }
    let parts = try Self.chip(board, core, ChipSink(inbox), pool)
    let memory = try BoardPools(board, parts)
    iommu = unit
    chip = parts
    pools = memory
    policy = ResourcePolicy(
      maximumCarveoutByteCount: board.policy.maxCarveoutByteCount, devmem: board.policy.devmem)
    restartsItself = core.restart == .itself
    machine = core.isa == .rv32imac ? .riscv : .arm
    notices = zip(board.memory, parts.memory).compactMap { part, memory in
      part.hugePages && !memory.region.usesHugePages
        ? .hugePagesNotAvailable(memory: part.name) : nil
    }
  }

  private static func chip(
    _ board: Board, _ core: BoardCore, _ sink: ChipSink, _ pool: WorkerPool
  ) throws(SimulatorError) -> SimulatedChip {
    do throws(ChipError) {
      return try SimulatedChip(
        ChipConfiguration(board, core), sink: sink, execution: .pool(pool))
    } catch { throw .chip(error) }
  }

  private static func domain(_ unit: BoardIOMMU) throws(SimulatorError) -> IOMMUDomain {
    do throws(IOMMUError) {
      return try IOMMUDomain(
        pageSizes: IOMMUPageSizes(unit.pageByteCounts), aperture: unit.range)
    } catch { throw .iommu(error) }
  }

  /// The doorbell of the chip.
  public var doorbell: Bell { Bell(chip: chip) }

  /// RISC-V or Arm, as the board has it.
  public let machine: ELFMachine?

  /// Suspending and attaching, and on some boards an IOMMU, or a restart without the host.
  public var capabilities: PlatformCapabilities {
    var capabilities: PlatformCapabilities = [.suspend]
    if restartsItself { capabilities.insert(.attachOnRecovery) }
    if iommu != nil { capabilities.insert(.hasIOMMU) }
    return capabilities
  }

  /// Zeroes RAM that an earlier boot used, unless the core runs by itself; waits for one that is
  /// about to.
  ///
  /// - Throws: ``PlatformError/timedOut(_:after:)``.
  public mutating func prepare() throws(PlatformError) {
    if try !isRunningByItself(), isUsed { for memory in chip.memory { memory.region.clear() } }
    isUsed = true
  }

  /// Keeps memory without a fixed address away from `ranges`.
  public mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) {
    pools.reserve(ranges)
  }

  /// Gives memory of the board: for a fixed address exactly that, else some that is free.
  ///
  /// - Throws: ``PlatformError/addressNotAvailable(_:byteCount:)``,
  ///   ``PlatformError/outOfMemory(needed:available:)`` or
  ///   ``PlatformError/invalidRequest(byteCount:alignment:)``.
  public mutating func allocate(
    _ request: MemoryRequest
  ) throws(PlatformError) -> MemoryGrant {
    try pools.allocate(request)
  }

  /// Takes memory back; its contents stay until the next boot.
  public mutating func release(_ grant: MemoryGrant) { pools.release(grant) }

  /// The RAM at `range` that the core sees by itself, whether granted or not.
  public func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
    for memory in chip.memory {
      guard let offset = memory.range?.offset(of: range.start, byteCount: range.byteCount) else {
        continue
      }
      return memory.window.window(at: offset, byteCount: range.byteCount)
    }
    return nil
  }

  /// Checks that an instruction can lie at `bootAddress`.
  ///
  /// - Throws: ``PlatformError/addressNotAvailable(_:byteCount:)``.
  public func check(bootAddress: DeviceAddress) throws(PlatformError) {
    // Thumb code has odd addresses.
    let isThumb = machine == .arm
    let start = DeviceAddress(rawValue: bootAddress.rawValue & ~(isThumb ? 1 : 0))
    let first = AddressRange(start: start, byteCount: 2)
    guard isThumb || bootAddress.rawValue & 1 == 0, let first,
      translate(first) != nil || showsCode(at: bootAddress)
    else { throw .addressNotAvailable(bootAddress, byteCount: 2) }
  }

  /// Starts the core.
  ///
  /// - Throws: what ``check(bootAddress:)`` throws.
  public mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    try check(bootAddress: bootAddress)
    do throws(ChipError) {
      if iommu != nil { try chip.show(mappings) }
      try chip.start(at: bootAddress)
    } catch {
      // Address and mappings were checked, so the core must be running already.
      throw .system(.start, errno: 16 /* EBUSY */)
    }
  }

  /// Stops the core; when this returns it touches memory no more.
  public mutating func stop() throws(PlatformError) { chip.stop() }

  /// The core's registers; at a crash also of a core that has restarted since.
  public func registers(at crash: CrashReport?) -> ProcessorRegisters? {
    guard crash != nil else { return ProcessorRegisters(chip.registers) }
    return chip.crashRegisters.map { ProcessorRegisters($0) }
  }

  /// All RAM that the core sees by itself: heap and stack lie in no carveout.
  public var dumpSegments: [DumpSegment] {
    chip.memory.compactMap { memory in
      memory.range.map { range in
        DumpSegment(
          name: WireName(memory.name), da: range.start, byteCount: range.byteCount,
          window: memory.window)
      }
    }
  }
}

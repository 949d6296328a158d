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
  private var pools: [DeviceMemoryPool]
  /// RAM may hold what an earlier boot left there.
  private var isUsed = false
  let restartsItself: Bool

  /// Builds the parts of `board`, with its core in reset.
  ///
  /// - Parameters:
  ///   - board: a board with one core and without an IOMMU.
  ///   - inbox: gets kicks, console output, life-cycle words, exits and crashes.
  ///   - pool: runs the core while it is not asleep.
  /// - Throws: ``SimulatorError``.
  public init(
    board: Board, inbox: ProcessorInbox, pool: WorkerPool
  ) throws(SimulatorError) {
    guard let core = board.core else { throw .noCore(board: board.name) }
    guard core.count == 1 else { throw .unsupportedCoreCount(core.count) }
    guard board.iommu == nil else { throw .unsupportedIOMMU }
    do throws(ChipError) {
      chip = try SimulatedChip(
        ChipConfiguration(board, core), sink: ChipSink(inbox), execution: .pool(pool))
    } catch {
      throw .chip(error)
    }
    policy = ResourcePolicy(
      maximumCarveoutByteCount: board.policy.maxCarveoutByteCount, devmem: board.policy.devmem)
    restartsItself = core.restart == .itself
    pools = zip(board.memory, chip.memory).map { region, memory in
      DeviceMemoryPool(
        base: region.da, physicalBase: region.pa, memory: memory.window, placement: .identity)
    }
  }

  /// The doorbell of the chip.
  public var doorbell: Bell { Bell(chip: chip) }

  /// RISC-V.
  public var machine: ELFMachine? { .riscv }

  /// Suspending and attaching, and on some boards a restart without the host.
  public var capabilities: PlatformCapabilities {
    restartsItself ? [.suspend, .attachOnRecovery] : [.suspend]
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
    for index in pools.indices { pools[index].reserve(ranges) }
  }

  /// Gives memory of the board: for a fixed address exactly that, else some that is free.
  ///
  /// - Throws: ``PlatformError/addressNotAvailable(_:byteCount:)``,
  ///   ``PlatformError/outOfMemory(needed:available:)`` or
  ///   ``PlatformError/invalidRequest(byteCount:alignment:)``.
  public mutating func allocate(
    _ request: MemoryRequest
  ) throws(PlatformError) -> MemoryGrant {
    var failure: PlatformError?
    for index in pools.indices where isCandidate(index, for: request) {
      do throws(PlatformError) {
        return try pools[index].allocate(request)
      } catch {
        failure = Self.better(failure, error)
      }
    }
    if let failure { throw failure }
    guard let da = request.da else { throw .outOfMemory(needed: request.byteCount, available: 0) }
    throw .addressNotAvailable(da, byteCount: request.byteCount)
  }

  /// Takes memory back; its contents stay until the next boot.
  public mutating func release(_ grant: MemoryGrant) {
    for index in pools.indices where chip.memory[index].range.contains(grant.da) {
      pools[index].release(grant)
    }
  }

  /// The RAM at `range`, whether granted or not.
  public func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
    for pool in pools {
      if let window = pool.window(of: range) { return window }
    }
    return nil
  }

  /// Checks that an instruction can lie at `bootAddress`.
  ///
  /// - Throws: ``PlatformError/addressNotAvailable(_:byteCount:)``.
  public func check(bootAddress: DeviceAddress) throws(PlatformError) {
    let first = AddressRange(start: bootAddress, byteCount: 2)
    guard bootAddress.rawValue & 1 == 0, let first, translate(first) != nil else {
      throw .addressNotAvailable(bootAddress, byteCount: 2)
    }
  }

  /// Starts the core.
  ///
  /// - Throws: what ``check(bootAddress:)`` throws.
  public mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    try check(bootAddress: bootAddress)
    do throws(ChipError) {
      try chip.start(at: bootAddress)
    } catch {
      // The address was checked, so the core must be running already.
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

  /// All RAM: heap and stack lie in no carveout.
  public var dumpSegments: [DumpSegment] {
    chip.memory.map { memory in
      DumpSegment(
        name: WireName(memory.name), da: memory.range.start, byteCount: memory.range.byteCount,
        window: memory.window)
    }
  }

  private func isCandidate(_ index: Int, for request: MemoryRequest) -> Bool {
    guard let da = request.da else { return true }
    return chip.memory[index].range.contains(da)
  }

  /// Of two refusals the one that says more: the larger piece that could be had.
  private static func better(_ first: PlatformError?, _ second: PlatformError) -> PlatformError {
    guard case .outOfMemory(_, let one)? = first, case .outOfMemory(_, let other) = second else {
      return first ?? second
    }
    return one >= other ? first ?? second : second
  }
}

extension AddressRange {
  fileprivate func contains(_ address: Address) -> Bool {
    offset(of: address, byteCount: 1) != nil
  }
}

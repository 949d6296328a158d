public import Coredump
public import ELF
public import Scheduling
public import SharedMemory
public import Vring
public import WireTypes

/// What the core asks of one kind of hardware.
///
/// Calls come in the order of the life cycle and never from two tasks at once, so a driver keeps no
/// state machine and no lock of its own. Only the doorbell is shared with the data plane.
///
/// Order of one boot: ``prepare()``, ``reserve(_:)``, ``handleVendorEntry(_:)`` for each vendor
/// entry, ``allocate(_:)`` for each piece of memory, ``start(at:)``. A stop undoes that in reverse.
/// A step that failed is not undone, each one before it is. To take over a processor that runs
/// already, ``attach()`` comes in the place of the start.
///
/// With ``PlatformCapabilities/hasIOMMU``: ``attachIOMMU()`` before all these, ``map(_:)`` for
/// device memory before the first ``allocate(_:)``, and for what it gave after each.
///
/// What the remote does by itself (kicks, crashes, exit codes) a platform tells the
/// ``ProcessorInbox`` that it was made with.
public protocol PlatformDriver: ~Copyable, Sendable {
  /// How this hardware is told that a vring has new buffers; may be called from any thread.
  associatedtype Bell: Doorbell

  /// The doorbell; valid between ``start(at:)`` and ``stop()``, without effect outside.
  var doorbell: Bell { get }

  /// What this hardware can do besides starting and stopping; nothing by default.
  var capabilities: PlatformCapabilities { get }

  /// Memory with a name that entries of a resource table may claim; none by default.
  var regions: [MemoryRegion] { get }

  /// The machine that an image must be for; `nil`, the default, takes any.
  var machine: ELFMachine? { get }

  /// Bounds on what firmware may ask for; ``ResourcePolicy/standard`` by default.
  var policy: ResourcePolicy { get }

  /// What is odd about the hardware, to be told at each boot; nothing by default.
  var notices: [BootNotice] { get }

  /// Puts the processor behind its IOMMU, with nothing mapped, and says what the unit can do.
  ///
  /// A processor that runs already keeps, and this returns, what is mapped. Called only with
  /// ``PlatformCapabilities/hasIOMMU``; by default the unit is missing.
  ///
  /// - Throws: ``PlatformError``, with the unit off; by default ``PlatformError/noIOMMU``.
  mutating func attachIOMMU() throws(PlatformError) -> IOMMUDomain

  /// Makes the unit show memory to the processor; the core has checked that nothing is there yet.
  ///
  /// Called between ``attachIOMMU()`` and ``detachIOMMU()``; not possible by default.
  ///
  /// - Throws: ``PlatformError``, with nothing mapped.
  mutating func map(_ mapping: IOMMUMapping) throws(PlatformError)

  /// Undoes one ``map(_:)``, before the memory behind it is released; nothing by default.
  mutating func unmap(_ mapping: IOMMUMapping)

  /// Undoes ``attachIOMMU()`` when the processor is in reset and nothing is mapped any more;
  /// nothing by default.
  mutating func detachIOMMU()

  /// Powers what the processor's memory needs before it is touched; nothing by default.
  ///
  /// - Throws: ``PlatformError``, with nothing left powered.
  mutating func prepare() throws(PlatformError)

  /// Undoes ``prepare()``; nothing by default.
  mutating func unprepare()

  /// Names the device addresses that the image itself fixes, before anything is allocated.
  ///
  /// Memory that may lie anywhere must avoid them. Each call replaces the last; an empty list
  /// comes when the image is gone. Nothing by default.
  mutating func reserve(_ ranges: [AddressRange<DeviceAddress>])

  /// Gives memory that host and remote share, for a carveout, a vring or message buffers.
  ///
  /// The address of the grant may differ from the requested one; the core decides whether that is
  /// good enough. Behind an IOMMU no address is requested, and the physical address of the grant
  /// counts: the core maps it. The core zeroes the memory.
  ///
  /// - Throws: ``PlatformError/outOfMemory(needed:available:)``,
  ///   ``PlatformError/addressNotAvailable(_:byteCount:)`` or another ``PlatformError``.
  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant

  /// Takes back memory that ``allocate(_:)`` gave.
  mutating func release(_ grant: MemoryGrant)

  /// Memory that the remote sees besides its carveouts, such as the RAM of a board; by default
  /// none.
  ///
  /// Returns `nil` unless all of `range` is such memory.
  func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow?

  /// The memory at `range` of the physical bus, if host and remote share it; by default none.
  ///
  /// It is how the host reads device memory that the firmware had mapped.
  func window(at range: AddressRange<PhysicalAddress>) -> SharedWindow?

  /// Looks at an entry of the resource table that only a vendor can know; ignored by default.
  mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer

  /// Checks that execution may start at `bootAddress`, which may be any number; by default
  /// anywhere.
  ///
  /// - Throws: what ``start(at:)`` throws for such an address.
  func check(bootAddress: DeviceAddress) throws(PlatformError)

  /// Releases the processor from reset at `bootAddress`, after its segments are loaded.
  ///
  /// - Throws: ``PlatformError``, with the processor still in reset.
  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError)

  /// Puts the processor back in reset; returns when it no longer reads or writes memory.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func stop() throws(PlatformError)

  /// Whether the processor runs without any doing of ours, started by a boot loader for example;
  /// `false` by default.
  ///
  /// Asked when a ``RemoteProcessor`` is made: it then begins detached, not offline.
  var runsAlready: Bool { get }

  /// Where the firmware that runs has its resource table; `nil`, the default, when nobody knows.
  ///
  /// The range must be visible through ``translate(_:)``.
  var loadedTable: AddressRange<DeviceAddress>? { get }

  /// Takes over a processor that runs; from here on it may be kicked. Not possible by default.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func attach() throws(PlatformError)

  /// Lets go of a processor that ``attach()`` took over, and leaves it running. Not possible by
  /// default.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func detach() throws(PlatformError)

  /// Asks the firmware for something and waits, until `deadline` at most, for its answer.
  ///
  /// By default nobody listens.
  mutating func ask(_ request: RemoteRequest, until deadline: MonotonicTime) -> RemoteAnswer

  /// Stops the processor's clock; memory and registers are kept. Not possible by default.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func suspend() throws(PlatformError)

  /// Lets a suspended processor go on. Not possible by default.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func resume() throws(PlatformError)

  /// The host is about to die: does what must still be done, such as flushing the remote's caches.
  ///
  /// May be called in any state. Returns how long the host should still wait for the remote to
  /// finish; nothing, and no time, by default.
  mutating func panic() -> Duration

  /// What the processor's registers held at its last crash, or hold now when `crash` is `nil`.
  ///
  /// `nil`, the default, when nobody can say. Asked when a crash is noted, so before ``stop()``, and
  /// for dumps of a processor that runs.
  func registers(at crash: CrashReport?) -> ProcessorRegisters?

  /// Memory that a dump should hold besides carveouts and what the image loads, such as the RAM of
  /// a board with heap and stack; none by default.
  ///
  /// What lies in a carveout as well is dumped as part of the carveout.
  var dumpSegments: [DumpSegment] { get }
}

extension PlatformDriver where Self: ~Copyable {
  /// Nothing.
  public var capabilities: PlatformCapabilities { [] }
  /// None.
  public var regions: [MemoryRegion] { [] }
  /// Any machine.
  public var machine: ELFMachine? { nil }
  /// The standard policy.
  public var policy: ResourcePolicy { .standard }
  /// Nothing.
  public var notices: [BootNotice] { [] }
  /// There is none.
  public mutating func attachIOMMU() throws(PlatformError) -> IOMMUDomain { throw .noIOMMU }
  /// There is no unit.
  public mutating func map(_ mapping: IOMMUMapping) throws(PlatformError) { throw .noIOMMU }
  /// Does nothing.
  public mutating func unmap(_ mapping: IOMMUMapping) {}
  /// Does nothing.
  public mutating func detachIOMMU() {}
  /// Does nothing.
  public mutating func prepare() throws(PlatformError) {}
  /// Does nothing.
  public mutating func unprepare() {}
  /// Does nothing.
  public mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) {}
  /// Takes any address.
  public func check(bootAddress: DeviceAddress) throws(PlatformError) {}
  /// Nothing but carveouts is visible.
  public func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? { nil }
  /// No memory has a physical address.
  public func window(at range: AddressRange<PhysicalAddress>) -> SharedWindow? { nil }
  /// Knows no vendor's entries.
  public mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer { .ignored }
  /// No.
  public var runsAlready: Bool { false }
  /// Nobody knows.
  public var loadedTable: AddressRange<DeviceAddress>? { nil }
  /// Not possible.
  public mutating func attach() throws(PlatformError) { throw .notSupported(.attach) }
  /// Not possible.
  public mutating func detach() throws(PlatformError) { throw .notSupported(.detach) }
  /// Nobody listens.
  public mutating func ask(
    _ request: RemoteRequest, until deadline: MonotonicTime
  ) -> RemoteAnswer { .notListening }
  /// Not possible.
  public mutating func suspend() throws(PlatformError) { throw .notSupported(.suspend) }
  /// Not possible.
  public mutating func resume() throws(PlatformError) { throw .notSupported(.resume) }
  /// Nothing to do.
  public mutating func panic() -> Duration { .zero }
  /// Nobody can say.
  public func registers(at crash: CrashReport?) -> ProcessorRegisters? { nil }
  /// None.
  public var dumpSegments: [DumpSegment] { [] }
}

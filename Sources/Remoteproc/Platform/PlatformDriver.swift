public import ELF
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
/// A step that failed is not undone, each one before it is.
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
  /// good enough. The core zeroes the memory.
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

  /// Looks at an entry of the resource table that only a vendor can know; ignored by default.
  mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer

  /// Releases the processor from reset at `bootAddress`, after its segments are loaded.
  ///
  /// - Throws: ``PlatformError``, with the processor still in reset.
  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError)

  /// Puts the processor back in reset; returns when it no longer reads or writes memory.
  ///
  /// - Throws: ``PlatformError``, with the processor as it was.
  mutating func stop() throws(PlatformError)
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
  /// Does nothing.
  public mutating func prepare() throws(PlatformError) {}
  /// Does nothing.
  public mutating func unprepare() {}
  /// Does nothing.
  public mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) {}
  /// Nothing but carveouts is visible.
  public func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? { nil }
  /// Knows no vendor's entries.
  public mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer { .ignored }
}

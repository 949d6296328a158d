public import Remoteproc
public import SharedMemory
public import WireTypes

/// A platform without a processor: it gives memory and counts calls, and nothing ever executes.
///
/// For conformance runs and for tests of the life cycle. Device memory is a pool of 16 MiB at da
/// 0x60000000, pa 0x08000000, whose blocks are the lowest free power of two of pages, as an
/// allocator of DMA memory without an IOMMU has it. Message buffers come from elsewhere.
public struct NullPlatform: PlatformDriver {
  /// How often the life cycle called.
  public struct Calls: Equatable, Sendable {
    /// Calls of ``NullPlatform/prepare()``.
    public var prepare = 0
    /// Calls of ``NullPlatform/unprepare()``.
    public var unprepare = 0
    /// Calls of ``NullPlatform/start(at:)``.
    public var start = 0
    /// Calls of ``NullPlatform/stop()``.
    public var stop = 0
  }

  private static let bufferPoolStart = DeviceAddress(rawValue: 0xa000_0000)
  private static let bufferPoolByteCount = 32 << 20

  /// The most bytes that a pool of device memory may have.
  public static let maximumPoolByteCount: UInt64 = 1 << 30

  /// Whether a pool of `byteCount` bytes may lie at `da` and `pa`: it starts at a page, wraps in
  /// neither address space, and leaves the memory of message buffers alone.
  public static func canPlacePool(
    da: DeviceAddress, pa: PhysicalAddress, byteCount: UInt64
  ) -> Bool {
    guard byteCount > 0, da.rawValue % DeviceMemoryPool.pageByteCount == 0,
      let end = da.advanced(by: byteCount), pa.advanced(by: byteCount) != nil
    else { return false }
    let buffersEnd = bufferPoolStart.rawValue + UInt64(bufferPoolByteCount)
    return end.rawValue <= bufferPoolStart.rawValue || da.rawValue >= buffersEnd
  }

  /// The standard policy, and as many entries as a table of 256 KiB can list.
  public var policy: ResourcePolicy { ResourcePolicy(maximumEntryCount: 65_536) }

  /// Counts kicks.
  public let doorbell = KickCounter()
  /// Calls so far.
  public private(set) var calls = Calls()
  /// What ``start(at:)`` fails with (a positive number); `nil` lets it succeed.
  public var startErrno: Int32?
  /// What is said about vendor entries.
  public var vendorAnswer: VendorAnswer
  private var pool: DeviceMemoryPool
  private var bufferPool: DeviceMemoryPool

  /// Makes a platform with all its memory free.
  ///
  /// - Parameters:
  ///   - startErrno: what ``start(at:)`` fails with.
  ///   - vendorAnswer: what is said about vendor entries.
  ///   - da: where the remote would see the pool; a multiple of a page.
  ///   - pa: where the host's bus would have it.
  ///   - byteCount: bytes of the pool, more than 0.
  /// - Throws: `SharedMemoryError` when the host has no address space for the memory.
  /// - Precondition: ``canPlacePool(da:pa:byteCount:)``.
  public init(
    startErrno: Int32? = nil, vendorAnswer: VendorAnswer = .ignored,
    da: DeviceAddress = DeviceAddress(rawValue: 0x6000_0000),
    pa: PhysicalAddress = PhysicalAddress(rawValue: 0x0800_0000), byteCount: Int = 16 << 20
  ) throws(SharedMemoryError) {
    precondition(
      Self.canPlacePool(da: da, pa: pa, byteCount: UInt64(byteCount)), "the pool fits in there")
    self.startErrno = startErrno
    self.vendorAnswer = vendorAnswer
    pool = DeviceMemoryPool(
      base: da, physicalBase: pa, memory: try SharedRegion(byteCount: byteCount).window,
      placement: .buddy)
    bufferPool = DeviceMemoryPool(
      base: Self.bufferPoolStart, physicalBase: nil,
      memory: try SharedRegion(byteCount: Self.bufferPoolByteCount).window, placement: .buddy)
  }

  /// Bytes of device memory and message buffers that are out, in whole blocks.
  public var grantedByteCount: UInt64 { pool.grantedByteCount + bufferPool.grantedByteCount }

  /// Counts the call.
  public mutating func prepare() throws(PlatformError) { calls.prepare += 1 }

  /// Counts the call.
  public mutating func unprepare() { calls.unprepare += 1 }

  /// Gives memory of the pool, or of the host for message buffers.
  public mutating func allocate(
    _ request: MemoryRequest
  ) throws(PlatformError) -> MemoryGrant {
    request.purpose == .buffers
      ? try bufferPool.allocate(request) : try pool.allocate(request)
  }

  /// Takes memory back.
  public mutating func release(_ grant: MemoryGrant) {
    pool.release(grant)
    bufferPool.release(grant)
  }

  /// Answers as told.
  public mutating func handleVendorEntry(_ entry: VendorEntry) -> VendorAnswer { vendorAnswer }

  /// Counts the call, and fails as told.
  public mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    calls.start += 1
    if let startErrno { throw .system(.start, errno: startErrno) }
  }

  /// Counts the call.
  public mutating func stop() throws(PlatformError) { calls.stop += 1 }
}

#if !hasFeature(Embedded) && os(Linux)
import CLinux

/// Zeroed memory in a file of its own that other processes can map, and whose size nobody can
/// change any more.
///
/// The mapping ends when the region and every ``SharedWindow`` on it are gone. Any thread may use
/// it.
@safe
public final class SharedRegion: @unchecked Sendable {
  // SAFETY (unchecked Sendable): both fields are immutable; the bytes are reached by windows only.
  private let base: UnsafeMutableRawPointer
  private let fileDescriptor: Int32
  /// Bytes in the region; a multiple of the page size.
  public let byteCount: Int

  private static let mandatorySeals: Int32 = 1 | 2 | 4

  /// Makes a zeroed region of `byteCount` bytes, rounded up to whole pages.
  ///
  /// Memory is taken from the system when it is first touched.
  ///
  /// - Throws: ``SharedMemoryError/invalidSize(_:)`` unless `1 <= byteCount <= 2^46`, or
  ///   ``SharedMemoryError/system(_:errno:)``.
  public convenience init(byteCount: Int) throws(SharedMemoryError) {
    guard byteCount > 0, byteCount <= 1 << 46 else { throw .invalidSize(byteCount) }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let rounded = (byteCount + page - 1) / page * page
    let file = unsafe rproc_memfd_create("rproc")
    guard file >= 0 else { throw .system(.create, errno: rproc_errno()) }
    guard ftruncate(file, rounded) == 0, rproc_seal_size(file) == 0 else {
      let errno = rproc_errno()
      close(file)
      throw .system(.resize, errno: errno)
    }
    try self.init(mapping: file, byteCount: rounded)
  }

  /// Maps all of a memory file that another process made.
  ///
  /// The region duplicates `fileDescriptor`; the caller still closes its own.
  ///
  /// - Throws: ``SharedMemoryError/notSealed(_:)`` when its size could still change, as a later
  ///   access could then kill this process; ``SharedMemoryError/invalidSize(_:)``;
  ///   ``SharedMemoryError/system(_:errno:)``.
  public convenience init(adopting fileDescriptor: Int32) throws(SharedMemoryError) {
    let seals = rproc_seals(fileDescriptor)
    guard seals >= 0 else { throw .system(.adopt, errno: rproc_errno()) }
    guard seals & Self.mandatorySeals == Self.mandatorySeals else { throw .notSealed(seals) }
    let end = lseek(fileDescriptor, 0, SEEK_END)
    guard end > 0, end <= 1 << 46 else { throw .invalidSize(Int(end)) }
    let copy = rproc_duplicate(fileDescriptor)
    guard copy >= 0 else { throw .system(.adopt, errno: rproc_errno()) }
    try self.init(mapping: copy, byteCount: Int(end))
  }

  private init(mapping file: Int32, byteCount: Int) throws(SharedMemoryError) {
    let mapped = unsafe rproc_map_shared(file, byteCount)
    guard let mapped = unsafe mapped else {
      let errno = rproc_errno()
      close(file)
      throw .system(.map, errno: errno)
    }
    unsafe base = mapped
    fileDescriptor = file
    self.byteCount = byteCount
  }

  deinit {
    unsafe munmap(base, byteCount)
    close(fileDescriptor)
  }

  /// The whole region.
  public var window: SharedWindow {
    unsafe SharedWindow(base: base, byteCount: byteCount, owner: self)
  }

  /// Zeroes all bytes and gives their memory back to the system until they are touched again.
  public func clear() {
    // Mode: make a hole, keep the size; the seals forbid only to change the size.
    guard fallocate(fileDescriptor, 1 | 2, 0, byteCount) != 0 else { return }
    window.fill(from: 0, count: byteCount, with: 0)
  }

  /// Bytes from `address`, which lies in the region, to the next one that may have been written.
  ///
  /// Moves the position of the file, which nobody uses.
  func nextWritten(from address: UnsafeMutableRawPointer) -> Int {
    let offset = unsafe address - base
    let found = lseek(fileDescriptor, offset, 3 /* to data */)
    if found >= offset { return found - offset }
    return rproc_errno() == ENXIO ? byteCount - offset : 0
  }

  /// Calls `body` with the file descriptor, which stays ours and is valid during the call.
  public func withFileDescriptor<Result, Failure: Error>(
    _ body: (Int32) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(fileDescriptor)
  }
}

/// Why shared memory could not be had.
public enum SharedMemoryError: Error, Equatable, Sendable {
  /// The step that the operating system refused.
  public enum Operation: Equatable, Sendable {
    /// Making the memory file.
    case create
    /// Giving it its size for good.
    case resize
    /// Taking over a file of somebody else.
    case adopt
    /// Mapping it into this process.
    case map
  }

  /// The number of bytes is not positive or beyond 2^46.
  case invalidSize(Int)
  /// The file's seals (as `F_GET_SEALS` gives them) still allow its size to change.
  case notSealed(Int32)
  /// The operating system refused with this `errno`.
  case system(Operation, errno: Int32)
}

extension SharedMemoryError: CustomStringConvertible {
  /// One line for a person: what failed and with which number.
  public var description: String {
    switch self {
    case .invalidSize(let size): "shared memory of \(size) bytes is not possible"
    case .notSealed(let seals):
      "shared memory file is not sealed against size changes (seals 0x\(String(seals, radix: 16)))"
    case .system(let operation, let errno):
      "shared memory: \(operation) failed with errno \(errno)"
    }
  }
}
#endif

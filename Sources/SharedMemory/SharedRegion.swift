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
  /// Bytes in the region; a multiple of ``pageByteCount``.
  public let byteCount: Int
  /// Bytes of one page of it.
  public let pageByteCount: Int

  private static let mandatorySeals: Int32 = 1 | 2 | 4

  /// Bytes of one page, unless huge ones were asked for.
  public static let standardPageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Makes a zeroed region of `byteCount` bytes, rounded up to whole pages.
  ///
  /// Memory is taken from the system when it is first touched. Huge pages are set aside at once;
  /// when the system has not enough of them the region is made of others, as ``usesHugePages``
  /// tells.
  ///
  /// - Throws: ``SharedMemoryError/invalidSize(_:)`` unless `1 <= byteCount <= 2^46`, or
  ///   ``SharedMemoryError/system(_:errno:)``.
  public convenience init(byteCount: Int, hugePages: Bool = false) throws(SharedMemoryError) {
    guard byteCount > 0, byteCount <= 1 << 46 else { throw .invalidSize(byteCount) }
    unsafe self.init(try Self.file(byteCount: byteCount, hugePages: hugePages))
  }

  private static func file(
    byteCount: Int, hugePages: Bool
  ) throws(SharedMemoryError) -> MemoryFile {
    if hugePages {
      // Few systems set huge pages aside.
      do throws(SharedMemoryError) {
        return unsafe try MemoryFile(byteCount: byteCount, hugePages: true)
      } catch {}
    }
    return unsafe try MemoryFile(byteCount: byteCount, hugePages: false)
  }

  /// Whether the region is made of huge pages.
  public var usesHugePages: Bool { pageByteCount > Self.standardPageByteCount }

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
    unsafe self.init(try MemoryFile(mapping: copy, byteCount: Int(end)))
  }

  /// Maps the first `byteCount` bytes of a file whose size somebody else can change.
  ///
  /// The region duplicates `fileDescriptor`; the caller still closes its own.
  ///
  /// - Important: Whoever makes the file shorter later kills this process when it touches the part
  ///   that is gone. Only for files of programs that may do that: those that the user runs.
  /// - Throws: ``SharedMemoryError/invalidSize(_:)`` unless `byteCount` is positive and a multiple
  ///   of a page; ``SharedMemoryError/tooShort(needed:available:)``;
  ///   ``SharedMemoryError/system(_:errno:)``.
  public convenience init(
    trusting fileDescriptor: Int32, byteCount: Int
  ) throws(SharedMemoryError) {
    guard byteCount > 0, byteCount <= 1 << 46, byteCount % Self.standardPageByteCount == 0 else {
      throw .invalidSize(byteCount)
    }
    let end = lseek(fileDescriptor, 0, SEEK_END)
    guard end >= 0 else { throw .system(.adopt, errno: rproc_errno()) }
    guard end >= byteCount else { throw .tooShort(needed: byteCount, available: Int(end)) }
    let copy = rproc_duplicate(fileDescriptor)
    guard copy >= 0 else { throw .system(.adopt, errno: rproc_errno()) }
    unsafe self.init(try MemoryFile(mapping: copy, byteCount: byteCount))
  }

  private init(_ file: MemoryFile) {
    unsafe base = file.base
    fileDescriptor = unsafe file.descriptor
    byteCount = unsafe file.byteCount
    pageByteCount = unsafe file.pageByteCount
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
  public func clear() { clear(0..<byteCount) }

  /// Zeroes the bytes of `range`; whole pages go back to the system until they are touched again,
  /// those that were never touched are left alone.
  ///
  /// - Precondition: `range` lies inside the region.
  func clear(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "inside the region")
    guard !usesHugePages else {
      // A hole might cost the claim on its huge page.
      var start = range.lowerBound
      while let filled = nextPopulated(start..<range.upperBound) {
        window.fill(from: filled.lowerBound, count: filled.count, with: 0)
        start = filled.upperBound
      }
      return
    }
    let page = pageByteCount
    let first = (range.lowerBound + page - 1) / page * page
    let last = range.upperBound / page * page
    // Mode: make a hole, keep the size; the seals forbid only to change the size.
    guard last - first >= Self.leastHole,
      fallocate(fileDescriptor, 1 | 2, first, last - first) == 0
    else { return window.fill(from: range.lowerBound, count: range.count, with: 0) }
    window.fill(from: range.lowerBound, count: first - range.lowerBound, with: 0)
    window.fill(from: last, count: range.upperBound - last, with: 0)
  }

  // To fill less is faster than to touch it again after it was given back.
  private static let leastHole = 256 << 10

  /// The first bytes of `range` that may not be zero, up to the next that were never touched; `nil`
  /// when all of it is untouched.
  ///
  /// - Precondition: `range` lies inside the region.
  func nextPopulated(_ range: Range<Int>) -> Range<Int>? {
    guard !range.isEmpty else { return nil }
    if usesHugePages { return nextResident(range) }
    // 3 and 4: from there on, the next byte with data, the next hole. The position is never used.
    let data = lseek(fileDescriptor, range.lowerBound, 3)
    guard data >= 0 else { return rproc_errno() == ENXIO ? nil : range }
    guard data < range.upperBound else { return nil }
    let hole = lseek(fileDescriptor, data, 4)
    let end = hole > data ? min(hole, range.upperBound) : range.upperBound
    return max(data, range.lowerBound)..<end
  }

  /// The same for huge pages, one at a time: their files tell nothing about holes.
  private func nextResident(_ range: Range<Int>) -> Range<Int>? {
    for page in stride(
      from: range.lowerBound / pageByteCount * pageByteCount, to: range.upperBound,
      by: pageByteCount)
    {
      var isThere: UInt8 = 1
      // SAFETY: the page lies in our mapping, and one byte is written for one small page.
      unsafe mincore(base + page, Self.standardPageByteCount, &isThere)
      guard isThere & 1 != 0 else { continue }
      return max(page, range.lowerBound)..<min(page + pageByteCount, range.upperBound)
    }
    return nil
  }

  /// Where `address`, which lies in the mapping, is from its start.
  func offset(of address: UnsafeMutableRawPointer) -> Int { unsafe address - base }

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
  /// The file ends before the bytes that are to be mapped.
  case tooShort(needed: Int, available: Int)
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
    case .tooShort(let needed, let available):
      "shared memory file has \(available) bytes, \(needed) are needed"
    case .system(let operation, let errno):
      "shared memory: \(operation) failed with errno \(errno)"
    }
  }
}
#endif

public import SharedMemory
public import Synchronization
public import WireTypes

/// One range of addresses that is memory, as the hot loop sees it: a plain value with bare pointers.
///
/// An address is checked by one comparison: its offset is rotated right by the width, so that an
/// offset that is not aligned becomes large. The base and the size are multiples of four, so an
/// aligned access never reaches beyond the end. All accesses are relaxed atomic ones, because host
/// threads use the same bytes.
@safe
@frozen
public struct MemoryWindow: @unchecked Sendable {
  // SAFETY (unchecked Sendable): the memory is shared by design and only accessed atomically; the
  // tables belong to the one `CoreMemory` that made this value.
  /// Bytes of one line of code, the unit in which rewritten code is noticed.
  @inlinable public static var lineShift: UInt32 { 6 }
  /// Bytes of one bucket of blocks.
  ///
  /// A block is at most half as long.
  @inlinable public static var bucketShift: UInt32 { 9 }

  /// The first address.
  public let base: UInt32
  /// What the program may do here; the hot loop is only given windows for reading and writing.
  public let permissions: MemoryPermissions
  /// Bytes of the memory; 0 in a window without any.
  public let byteCount: UInt32
  /// Whole halfwords of the memory.
  public let halfCount: UInt32
  /// Whole words of the memory.
  public let wordCount: UInt32
  @usableFromInline let memory: UnsafeMutableRawPointer
  /// For each line, whether a block was translated from it.
  @usableFromInline let codeLines: UnsafeMutablePointer<UInt8>
  /// For each bucket, the header of the first block that begins there.
  @usableFromInline let buckets: UnsafeMutablePointer<UInt32>

  /// Elements that a table of lines needs for so many bytes.
  @inlinable public static func lineCount(_ byteCount: Int) -> Int {
    byteCount >> Int(lineShift) + 1
  }
  /// Elements that a table of buckets needs for so many bytes.
  @inlinable public static func bucketCount(_ byteCount: Int) -> Int {
    byteCount >> Int(bucketShift) + 1
  }

  /// Makes the view of `window`, which together with the tables must outlive it.
  public init(
    base: UInt32, window: SharedWindow, permissions: MemoryPermissions = .all,
    codeLines: borrowing OwnedBuffer<UInt8>,
    buckets: borrowing OwnedBuffer<UInt32>
  ) {
    self.permissions = permissions
    precondition(codeLines.count >= Self.lineCount(window.byteCount))
    precondition(buckets.count >= Self.bucketCount(window.byteCount))
    self.base = base
    byteCount = UInt32(window.byteCount)
    halfCount = byteCount >> 1
    wordCount = byteCount >> 2
    // SAFETY: a window keeps its memory mapped as long as it lives, and `CoreMemory` keeps both.
    unsafe memory = window.withUnsafeBase { base in unsafe base }
    unsafe self.codeLines = codeLines.base
    unsafe self.buckets = buckets.base
  }

  /// Makes a window without any byte; the tables must outlive it.
  public init(
    emptyWith codeLines: borrowing OwnedBuffer<UInt8>, _ buckets: borrowing OwnedBuffer<UInt32>
  ) {
    permissions = []
    base = 0
    byteCount = 0
    halfCount = 0
    wordCount = 0
    // SAFETY: no offset is below a size of 0, so this address is never used.
    unsafe memory = UnsafeMutableRawPointer(codeLines.base)
    unsafe self.codeLines = codeLines.base
    unsafe self.buckets = buckets.base
  }

  /// The value `offset` bytes from the start.
  ///
  /// - Precondition: it lies inside, aligned; not checked.
  @inlinable
  @inline(__always)
  public func cell<Value>(_ type: Value.Type, _ offset: UInt32)
    -> UnsafeMutablePointer<Atomic<Value>> where Value: AtomicRepresentable
  {
    // SAFETY: each caller has compared `offset` with the size of the memory and its alignment.
    unsafe (memory + Int(offset)).assumingMemoryBound(to: Atomic<Value>.self)
  }

  /// The byte at `address`, or `nil` outside.
  @inlinable
  @inline(__always)
  public func loadByte(_ address: UInt32) -> UInt8? {
    let offset = address &- base
    guard offset < byteCount else { return nil }
    return unsafe cell(UInt8.self, offset).pointee.load(ordering: .relaxed)
  }

  /// The aligned halfword at `address`, or `nil` outside or not aligned.
  @inlinable
  @inline(__always)
  public func loadHalf(_ address: UInt32) -> UInt16? {
    let offset = address &- base
    guard offset &>> 1 | offset &<< 31 < halfCount else { return nil }
    return unsafe UInt16(
      littleEndian: cell(UInt16.self, offset).pointee.load(ordering: .relaxed))
  }

  /// The aligned word at `address`, or `nil` outside or not aligned.
  @inlinable
  @inline(__always)
  public func loadWord(_ address: UInt32) -> UInt32? {
    let offset = address &- base
    guard offset &>> 2 | offset &<< 30 < wordCount else { return nil }
    return unsafe UInt32(
      littleEndian: cell(UInt32.self, offset).pointee.load(ordering: .relaxed))
  }

  /// What became of a store.
  @frozen
  public enum StoreOutcome {
    /// Done.
    case done
    /// Done, and there may be translated code in that line.
    case doneNearCode
    /// Nothing was written: outside, or not aligned.
    case missed
  }

  /// Writes the byte at `address`.
  @inlinable
  @inline(__always)
  public func store(byte value: UInt8, at address: UInt32) -> StoreOutcome {
    let offset = address &- base
    guard offset < byteCount else { return .missed }
    unsafe cell(UInt8.self, offset).pointee.store(value, ordering: .relaxed)
    return isCode(offset) ? .doneNearCode : .done
  }

  /// Writes the aligned halfword at `address`.
  @inlinable
  @inline(__always)
  public func store(half value: UInt16, at address: UInt32) -> StoreOutcome {
    let offset = address &- base
    guard offset &>> 1 | offset &<< 31 < halfCount else { return .missed }
    unsafe cell(UInt16.self, offset).pointee.store(value.littleEndian, ordering: .relaxed)
    return isCode(offset) ? .doneNearCode : .done
  }

  /// Writes the aligned word at `address`.
  @inlinable
  @inline(__always)
  public func store(word value: UInt32, at address: UInt32) -> StoreOutcome {
    let offset = address &- base
    guard offset &>> 2 | offset &<< 30 < wordCount else { return .missed }
    unsafe cell(UInt32.self, offset).pointee.store(value.littleEndian, ordering: .relaxed)
    return isCode(offset) ? .doneNearCode : .done
  }

  /// Calls `body` with the atomic word at `address`; `nil` outside or not aligned.
  @inlinable
  public func withWord<Result>(
    _ address: UInt32, _ body: (borrowing Atomic<UInt32>) -> Result
  ) -> Result? {
    let offset = address &- base
    guard offset &>> 2 | offset &<< 30 < wordCount else { return nil }
    return unsafe body(cell(UInt32.self, offset).pointee)
  }

  /// Whether the line at `offset`, which is below the size, may hold translated code.
  @inlinable
  @inline(__always)
  public func isCode(_ offset: UInt32) -> Bool {
    // SAFETY: there is an element for each line of the memory.
    unsafe codeLines[Int(offset &>> Self.lineShift)] != 0
  }
}

// What the block cache keeps for each window. Not hot.
extension MemoryWindow {
  /// Whether this is the same one of a core's windows, which do not overlap.
  @inlinable
  public func isSame(as other: MemoryWindow) -> Bool {
    base == other.base && byteCount == other.byteCount
  }

  /// Whether `address` lies inside.
  @inlinable
  public func contains(_ address: UInt32) -> Bool { address &- base < byteCount }

  /// Sets or clears the marks of the lines from `start` up to `end`, clipped to the window.
  @inlinable
  public func markLines(from start: UInt32, to end: UInt32, _ isCode: Bool) {
    guard contains(start), end != start else { return }
    let first = (start &- base) >> Self.lineShift
    let last = min(end &- 1 &- base, byteCount - 1) >> Self.lineShift
    guard first <= last else { return }
    // SAFETY: both are lines of the memory.
    for line in first...last { unsafe codeLines[Int(line)] = isCode ? 1 : 0 }
  }

  /// The number of the bucket of `address`, which lies inside.
  @inlinable
  public func bucket(of address: UInt32) -> Int { Int((address &- base) >> Self.bucketShift) }

  /// Buckets the window has.
  public var bucketCount: Int { Int(byteCount >> Self.bucketShift) + 1 }

  /// The first header of a bucket.
  public subscript(bucket number: Int) -> UInt32 {
    get {
      precondition(number >= 0 && number < bucketCount)
      return unsafe buckets[number]
    }
    nonmutating set {
      precondition(number >= 0 && number < bucketCount)
      unsafe buckets[number] = newValue
    }
  }
}

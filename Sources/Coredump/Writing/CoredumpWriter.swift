import Scheduling
import WireTypes

/// Writes a dump, piece by piece: at most ``chunkByteCount`` bytes of memory are held at a time.
///
/// Headers come from the layout, never from the memory that is dumped.
public struct CoredumpWriter {
  /// Bytes that are read at once.
  public static let chunkByteCount = 256 << 10

  private let layout: CoredumpLayout
  private let deadline: MonotonicTime
  private let timeLimit: Duration
  private var chunk = [UInt8](repeating: 0, count: CoredumpWriter.chunkByteCount)
  /// Where in the file the next byte goes.
  private var position: UInt64 = 0
  private var written: UInt64 = 0
  private var unreadable: [Int] = []

  /// Makes a writer of `layout` that gives up after `timeLimit`.
  private init(_ layout: CoredumpLayout, timeLimit: Duration) {
    self.layout = layout
    self.timeLimit = timeLimit
    deadline = MonotonicTime.now.advanced(by: timeLimit)
  }

  /// Writes the dump of `layout` with the bytes of `memory` to `sink`.
  ///
  /// The time limit is looked at between pieces, and by sinks that wait for a reader; a disk that
  /// does not answer is waited for.
  ///
  /// - Throws: ``CoredumpError/timedOut(after:written:byteCount:)``, or the sink's error.
  public static func write(
    _ layout: CoredumpLayout, from memory: inout some CoredumpMemory,
    to sink: inout some CoredumpSink & ~Copyable, timeLimit: Duration
  ) throws(CoredumpError) -> CoredumpReport {
    var writer = CoredumpWriter(layout, timeLimit: timeLimit)
    return try writer.run(&memory, &sink)
  }

  private mutating func run(
    _ memory: inout some CoredumpMemory, _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) -> CoredumpReport {
    try writeHead(&sink)
    for item in layout.placed {
      try skip(to: item.offset, &sink)
      try write(item, &memory, &sink)
    }
    if layout.mapByteCount > 0 {
      try skip(to: layout.mapOffset, &sink)
      var bytes = LittleEndianBytes()
      memoryMap.note.encode(into: &bytes)
      try put(bytes.bytes, &sink)
    }
    do throws(CoredumpError) { try sink.finish() } catch { throw located(error) }
    return CoredumpReport(
      byteCount: layout.byteCount, writtenByteCount: written, segmentCount: layout.placed.count,
      unreadableSegments: unreadable)
  }

  private var memoryMap: CoredumpMemoryMap {
    CoredumpMemoryMap(
      regions: layout.placed.map { item in
        CoredumpMemoryMap.Region(item.segment, isUnreadable: unreadable.contains(item.index))
      })
  }

  private mutating func writeHead(
    _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    var pending: [UInt8] = []
    try layout.emitHead { bytes throws(CoredumpError) in
      pending += bytes.bytes
      bytes.removeAll()
      guard pending.count >= Self.chunkByteCount else { return }
      try put(pending, &sink)
      pending.removeAll(keepingCapacity: true)
    }
    try put(pending, &sink)
  }

  private mutating func write(
    _ item: CoredumpLayout.Placed, _ memory: inout some CoredumpMemory,
    _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    let end = item.segment.byteCount
    var offset: UInt64 = 0
    while offset < end {
      let next = memory.nextData(segment: item.index, from: offset) ?? end
      if next > offset {
        offset = min(next, end)
        try skip(to: item.offset + offset, &sink)
        continue
      }
      let count = pieceByteCount(at: item.offset + offset, left: end - offset)
      if !read(item.index, at: offset, count, &memory), unreadable.last != item.index {
        unreadable.append(item.index)
      }
      try putSparse(count, &sink)
      offset += UInt64(count)
    }
  }

  /// Bytes of the next piece at `fileOffset`: pieces end at blocks of the file, so that all but
  /// the first begin there.
  private func pieceByteCount(at fileOffset: UInt64, left: UInt64) -> Int {
    let limit = UInt64(Self.chunkByteCount) - fileOffset % CoredumpLayout.pageByteCount
    return Int(min(limit, left))
  }

  /// Fills the chunk; with 0xFF when the memory cannot be read.
  private mutating func read(
    _ segment: Int, at offset: UInt64, _ count: Int, _ memory: inout some CoredumpMemory
  ) -> Bool {
    var span = chunk.mutableSpan
    // SAFETY: every bit pattern is a valid byte, so raw stores leave a valid array.
    var raw = unsafe span.mutableBytes
    var target = raw._mutatingExtracting(first: count)
    if memory.read(segment: segment, at: offset, into: &target) { return true }
    for index in 0..<count {
      target.storeBytes(of: 0xff, toByteOffset: index, as: UInt8.self)
    }
    return false
  }

  /// Writes the first `count` bytes of the chunk; blocks of the file that are zero are skipped.
  private mutating func putSparse(
    _ count: Int, _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    let page = Int(CoredumpLayout.pageByteCount)
    var runStart = 0
    var start = 0
    while start < count {
      let used = Int((position + UInt64(start - runStart)) % UInt64(page))
      let end = min(count, start + page - used)
      if isZero(start..<end) {
        try put(runStart..<start, &sink)
        try skip(UInt64(end - start), &sink)
        runStart = end
      }
      start = end
    }
    try put(runStart..<count, &sink)
  }

  private func isZero(_ range: Range<Int>) -> Bool {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let bytes = unsafe chunk.span.bytes
    var index = range.lowerBound
    while index < range.upperBound {
      if range.upperBound - index >= 8 {
        guard bytes.littleEndian(at: index, as: UInt64.self) == 0 else { return false }
        index += 8
      } else {
        guard bytes.littleEndian(at: index, as: UInt8.self) == 0 else { return false }
        index += 1
      }
    }
    return true
  }

  // MARK: The sink

  private mutating func put(
    _ range: Range<Int>, _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    guard !range.isEmpty else { return }
    try checkTime()
    do throws(CoredumpError) {
      // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
      let bytes = unsafe chunk.span.bytes
      try sink.write(bytes.extracting(range), until: deadline)
    } catch { throw located(error) }
    count(range.count)
  }

  private mutating func put(
    _ bytes: [UInt8], _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    guard !bytes.isEmpty else { return }
    try checkTime()
    do throws(CoredumpError) {
      // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
      try unsafe sink.write(bytes.span.bytes, until: deadline)
    } catch { throw located(error) }
    count(bytes.count)
  }

  private mutating func count(_ byteCount: Int) {
    position += UInt64(byteCount)
    written += UInt64(byteCount)
  }

  private mutating func skip(
    to offset: UInt64, _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    try skip(offset - position, &sink)
  }

  private mutating func skip(
    _ byteCount: UInt64, _ sink: inout some CoredumpSink & ~Copyable
  ) throws(CoredumpError) {
    guard byteCount > 0 else { return }
    try checkTime()
    do throws(CoredumpError) { try sink.skip(byteCount, until: deadline) } catch {
      throw located(error)
    }
    position += byteCount
  }

  private func checkTime() throws(CoredumpError) {
    guard MonotonicTime.now < deadline else { throw timedOut }
  }

  private var timedOut: CoredumpError {
    .timedOut(after: timeLimit, written: position, byteCount: layout.byteCount)
  }

  /// A sink knows neither the limit nor how much there is to write.
  private func located(_ error: CoredumpError) -> CoredumpError {
    if case .timedOut = error { timedOut } else { error }
  }
}

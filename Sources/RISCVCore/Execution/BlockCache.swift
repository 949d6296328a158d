import CoreSupport
import WireTypes

/// One record of a translated block: a decoded instruction at a known address.
///
/// 16 bytes.
///
/// The record behind an instruction always holds the address that follows it.
struct Record: BitwiseCopyable, Sendable {
  /// Bytes of a record; steps are counted in this unit.
  static let byteCount = 16
  /// ``immediate`` of the header of a block that must not be entered any more.
  static let staleReach = Int32.max

  var operation: Operation
  /// The slot written; ``RegisterFile/sink`` in place of `x0`.
  var rd: UInt8 = 0
  var rs1: UInt8 = 0
  var rs2: UInt8 = 0
  /// As decoded, but an address where the instruction holds an offset from its own.
  ///
  /// In a header: 16 for each instruction of the block.
  var immediate: Int32
  var pc: UInt32
  /// The header of the block at the target, 0 while unknown.
  ///
  /// In a header: the next header of the same bucket, 0 at the end.
  var link: UInt32 = 0

  /// ``immediate`` as an address.
  var target: UInt32 { UInt32(bitPattern: immediate) }
}

/// Translated blocks: runs of up to 64 instructions that are entered at their first.
///
/// Blocks follow one another in ``records``: a header, the instructions, an ``Operation/end``. A
/// block ends behind an unconditional jump or an instruction that changes how the machine works;
/// conditional branches leave it in the middle when they are taken. A stale block stays where it is,
/// with a header that nobody passes, until the buffer is full and all blocks are forgotten.
struct BlockCache: ~Copyable, Sendable {
  /// One place of the table from addresses to blocks.
  struct Entry: BitwiseCopyable, Sendable {
    /// The address of the block plus 1; 0 for an empty place.
    var key: UInt32 = 0
    /// Its header.
    var header: UInt32 = 0
  }

  /// Instructions in the longest block; a block of them spans at most 256 bytes.
  static let maximumLength = 64
  /// Places in the table, a power of two.
  static let entryCount = 1 << 13
  private static let capacity = 1 << 15
  /// The last records hold one block that is run once, to stop at an exact count.
  private static let scratch = capacity - (maximumLength + 2)

  let records: OwnedBuffer<Record>
  let entries: OwnedBuffer<Entry>
  /// How often all blocks were forgotten; a link found before that is void.
  private(set) var generation = 0
  private var used = 1

  init() {
    // Record 0 is a header that nobody passes: it stands for "not linked yet".
    let stale = Record(operation: .header, immediate: Record.staleReach, pc: 1)
    // All others are written by a translation before anything refers to them.
    records = OwnedBuffer(first: stale, count: Self.capacity)
    entries = OwnedBuffer(repeating: Entry(), count: Self.entryCount)
  }

  /// The header of the block at `pc`, translated if need be; `nil` when `pc` cannot be fetched.
  mutating func header(at pc: UInt32, _ memory: borrowing CoreMemory) -> Int? {
    let entry = entries[Self.place(pc)]
    if entry.key == pc &+ 1 { return Int(entry.header) }
    if used + Self.maximumLength + 2 > Self.scratch { forgetAll(memory) }
    let header = used
    let end = Self.fill(records, header, pc, Self.maximumLength, memory)
    guard let end, let window = memory.window(containing: pc) else { return nil }
    used = end + 1
    window.markLines(from: pc, to: records[end].pc, true)
    let bucket = window.bucket(of: pc)
    records[header].link = window[bucket: bucket]
    window[bucket: bucket] = UInt32(header)
    entries[Self.place(pc)] = Entry(key: pc &+ 1, header: UInt32(header))
    return header
  }

  /// The header of a block at `pc` of at most `limit` instructions that is found by nobody else and
  /// valid until the next call.
  func temporaryHeader(
    at pc: UInt32, limit: Int, _ memory: borrowing CoreMemory
  ) -> Int? {
    let limit = min(limit, Self.maximumLength)
    return Self.fill(records, Self.scratch, pc, limit, memory) == nil ? nil : Self.scratch
  }

  /// The place of `pc` in the table.
  @inline(__always)
  static func place(_ pc: UInt32) -> Int { Int(pc &>> 1) & (entryCount - 1) }

  /// Translates from `pc` on; gives the index of the end record, or `nil` when nothing can be
  /// fetched there.
  private static func fill(
    _ records: borrowing OwnedBuffer<Record>, _ header: Int, _ pc: UInt32, _ limit: Int,
    _ memory: borrowing CoreMemory
  ) -> Int? {
    var next = header + 1
    var address = pc
    var canFuse = false
    guard let window = memory.window(containing: pc, for: .execute) else { return nil }
    while next - header <= limit, window.contains(address) {
      guard let low = memory.fetchHalf(address) else { break }
      var word = UInt32(low)
      if word & 3 == 3 {
        guard let high = memory.fetchHalf(address &+ 2) else { break }
        word |= UInt32(high) << 16
      }
      let instruction = Instruction(decoding: word)
      records[next] = Record(instruction, at: address)
      // A record that is the second of a pair is never the first of another.
      let pair = canFuse ? records[next - 1].operation.fused(with: instruction.operation) : nil
      if let pair { records[next - 1].operation = pair }
      canFuse = pair == nil
      address &+= UInt32(instruction.byteCount)
      next += 1
      if instruction.operation.endsBlock { break }
    }
    guard next > header + 1 else { return nil }
    let length = Int32(next - header - 1)
    records[header] = Record(
      operation: .header, immediate: length * Int32(Record.byteCount), pc: pc)
    records[next] = Record(operation: .end, immediate: Int32(bitPattern: address), pc: address)
    return next
  }

  /// Forgets all blocks.
  mutating func forgetAll(_ memory: borrowing CoreMemory) {
    var header = 1
    while header < used {
      let (pc, end) = extent(header)
      if let window = memory.window(containing: pc) {
        window.markLines(from: pc, to: records[end].pc, false)
        window[bucket: window.bucket(of: pc)] = 0
      }
      entries[Self.place(pc)] = Entry()
      header = end + 1
    }
    used = 1
    generation += 1
  }

  /// Forgets the blocks translated from any of the bytes `address ..< address + byteCount`; tells
  /// whether there were any.
  func forget(_ address: UInt32, byteCount: UInt32, _ memory: borrowing CoreMemory) -> Bool {
    guard let window = memory.window(containing: address) else { return false }
    let bucket = window.bucket(of: address)
    // A block is no longer than half a bucket, so it begins in this one or the one before; a store
    // of up to four bytes that is not aligned may also end in the next.
    var found = false
    for number in max(bucket - 1, 0)...min(bucket + 1, window.bucketCount - 1) {
      found = forget(bucket: number, window, address, byteCount) || found
    }
    return found
  }

  private func forget(
    bucket: Int, _ window: MemoryWindow, _ address: UInt32, _ byteCount: UInt32
  ) -> Bool {
    var found = false
    var previous = 0
    var header = Int(window[bucket: bucket])
    while header != 0 {
      let next = Int(records[header].link)
      let (pc, end) = extent(header)
      if address &- pc < records[end].pc &- pc || pc &- address < byteCount {
        retire(header, pc)
        if previous == 0 {
          window[bucket: bucket] = UInt32(next)
        } else {
          records[previous].link = UInt32(next)
        }
        found = true
      } else {
        previous = header
      }
      header = next
    }
    return found
  }

  private func retire(_ header: Int, _ pc: UInt32) {
    // The length is still needed to walk over the block: keep it in `link`, which is free now.
    records[header].link = UInt32(records[header].immediate)
    records[header].immediate = Record.staleReach
    let place = Self.place(pc)
    if entries[place].header == UInt32(header) { entries[place] = Entry() }
  }

  /// The address of a block and the index of its end record.
  private func extent(_ header: Int) -> (pc: UInt32, end: Int) {
    let record = records[header]
    let reach =
      record.immediate == Record.staleReach ? Int(record.link) : Int(record.immediate)
    return (record.pc, header + 1 + reach / Record.byteCount)
  }
}

extension Record {
  /// The record of `instruction` at `pc`.
  init(_ instruction: Instruction, at pc: UInt32) {
    operation = instruction.operation
    rd = instruction.rd == 0 ? RegisterFile.sink : instruction.rd
    rs1 = instruction.rs1
    rs2 = instruction.rs2
    immediate = instruction.immediate
    self.pc = pc
    if operation.isRelative { immediate = Int32(bitPattern: pc &+ target) }
  }
}

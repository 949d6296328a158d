import CoreSupport
import WireTypes

/// What translation needs to know of the core.
struct TranslationContext {
  /// Whether instructions of the DSP extension exist.
  let hasDSP: Bool
  /// Whether floating-point instructions may be executed.
  let mayUseFloat: Bool
}

/// Translated blocks: runs of up to 64 instructions that are entered at their first.
///
/// Blocks follow one another in ``records``: a header, the instructions, an ``HotOperation/end``,
/// and a ``HotOperation/ghost`` for each place whose instructions were looked at to find out which
/// flags it reads. A block ends behind an unconditional jump or an instruction that changes how the
/// machine works; conditional branches leave it in the middle when they are taken. A stale block
/// stays where it is, with a header that nobody passes, until the buffer is full and all blocks are
/// forgotten.
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
  /// Records of the longest block: in IT blocks there may be one more for each instruction.
  static let maximumRecords = 2 * maximumLength + 2
  /// Places in the table, a power of two.
  static let entryCount = 1 << 13
  private static let capacity = 1 << 15
  private static let helperCapacity = 1 << 13

  let records: OwnedBuffer<Record>
  let entries: OwnedBuffer<Entry>
  /// Instructions that ``HotOperation/helper`` records execute.
  let helpers: OwnedBuffer<ThumbInstruction>
  /// How often all blocks were forgotten; a link found before that is void.
  private(set) var generation = 0
  private var used = 1
  private var usedHelpers = 0

  init() {
    // Record 0 is a header that nobody passes: it stands for "not linked yet".
    let stale = Record(operation: .header, immediate: Record.staleReach, pc: 1)
    // All others are written by a translation before anything refers to them.
    records = OwnedBuffer(first: stale, count: Self.capacity)
    entries = OwnedBuffer(repeating: Entry(), count: Self.entryCount)
    helpers = OwnedBuffer(first: ThumbInstruction(.nop), count: Self.helperCapacity)
  }

  /// The place of `pc` in the table.
  @inline(__always)
  static func place(_ pc: UInt32) -> Int { Int(pc &>> 1) & (entryCount - 1) }

  /// The header of the block at `pc`, if there is one.
  func knownHeader(at pc: UInt32) -> Int? {
    let entry = entries[Self.place(pc)]
    return entry.key == pc &+ 1 ? Int(entry.header) : nil
  }

  /// Translates a block at `pc`; `nil` when nothing can be fetched there.
  mutating func translate(
    at pc: UInt32, _ memory: borrowing CoreMemory, _ context: TranslationContext,
    mayFetch: (UInt32) -> Bool
  ) -> Int? {
    if used + 2 * Self.maximumRecords > Self.capacity
      || usedHelpers + Self.maximumLength > Self.helperCapacity
    {
      forgetAll(memory)
    }
    guard let window = memory.window(containing: pc, for: .execute) else { return nil }
    var translation = Translation(pc: pc, context)
    translation.decode(memory, window, mayFetch: mayFetch)
    guard !translation.instructions.isEmpty else { return nil }
    translation.findFlags(memory)
    let header = used
    let end = translation.emit(to: records, header, helpers, &usedHelpers)
    used = end + 1
    window.markLines(from: pc, to: records[end].pc, true)
    link(header, at: pc, window)
    entries[Self.place(pc)] = Entry(key: pc &+ 1, header: UInt32(header))
    for look in translation.looks { addGhost(look, header, memory) }
    return header
  }

  private func link(_ header: Int, at pc: UInt32, _ window: MemoryWindow) {
    let bucket = window.bucket(of: pc)
    records[header].link = window[bucket: bucket]
    window[bucket: bucket] = UInt32(header)
  }

  /// Remembers that the block of `header` depends on the instructions of `look`.
  private mutating func addGhost(
    _ look: Translation.Look, _ header: Int, _ memory: borrowing CoreMemory
  ) {
    guard let window = memory.window(containing: look.pc) else { return }
    let back = used - header
    records[used] = Record(
      operation: .ghost, rd: UInt8(truncatingIfNeeded: back),
      rs1: UInt8(truncatingIfNeeded: back >> 8), immediate: look.byteCount, pc: look.pc)
    window.markLines(from: look.pc, to: look.pc &+ look.byteCount, true)
    link(used, at: look.pc, window)
    used += 1
  }

  /// Forgets all blocks.
  mutating func forgetAll(_ memory: borrowing CoreMemory) {
    var index = 1
    while index < used {
      let (pc, byteCount, next) = extent(index)
      if let window = memory.window(containing: pc) {
        window.markLines(from: pc, to: pc &+ byteCount, false)
        window[bucket: window.bucket(of: pc)] = 0
      }
      if records[index].operation == .header { entries[Self.place(pc)] = Entry() }
      index = next
    }
    used = 1
    usedHelpers = 0
    generation += 1
  }

  /// Forgets the blocks translated from any of the bytes `address ..< address + byteCount`, or
  /// because of them; tells whether there were any.
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
    var index = Int(window[bucket: bucket])
    while index != 0 {
      let next = Int(records[index].link)
      let (pc, length, _) = extent(index)
      if address &- pc < length || pc &- address < byteCount {
        retire(index)
        if previous == 0 {
          window[bucket: bucket] = UInt32(next)
        } else {
          records[previous].link = UInt32(next)
        }
        found = true
      } else {
        previous = index
      }
      index = next
    }
    return found
  }

  /// Makes a block stale, or the one that a ghost stands for.
  private func retire(_ index: Int) {
    var header = index
    if records[index].operation == .ghost {
      header -= Int(records[index].rd) | Int(records[index].rs1) << 8
    }
    records[header].immediate = Record.staleReach
    let place = Self.place(records[header].pc)
    if entries[place].header == UInt32(header) { entries[place] = Entry() }
  }

  /// Address and bytes of what a header or ghost stands for, and where the next one is.
  private func extent(_ index: Int) -> (pc: UInt32, byteCount: UInt32, next: Int) {
    let record = records[index]
    guard record.operation == .header else { return (record.pc, record.immediate, index + 1) }
    let end = index + Int(record.rd)
    return (record.pc, records[end].pc &- record.pc, end + 1)
  }
}

import CLinux
public import ELF
import Glibc
public import WireTypes

/// A dump that is read; every number in it may be wrong.
///
/// Only headers and notes are read, whatever the size of the memory in it.
public struct CoredumpReader: Equatable, Sendable {
  /// The most bytes of notes that are read.
  public static let maximumNoteByteCount: UInt64 = 64 << 20

  /// Whether fields are 32 or 64 bits wide.
  public let elfClass: ELFClass
  /// The instruction set of the processor.
  public let machine: ELFMachine
  /// Where execution started.
  public let entry: DeviceAddress
  /// The program headers of memory.
  public let segments: [ELFSegment]
  /// All notes, in the order of the file.
  public let notes: [CoredumpNote]

  /// Reads the dump in the file at `path`.
  ///
  /// - Throws: ``CoredumpError``.
  public init(path: String) throws(CoredumpError) {
    let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard file >= 0 else { throw .system(.open, errno: rproc_errno(), offset: nil) }
    defer { close(file) }
    try self.init { offset, count throws(CoredumpError) in
      try CoredumpFileReader.bytes(of: file, at: offset, count: count)
    }
  }

  /// Reads a dump piece by piece.
  ///
  /// - Parameter read: gives up to `count` bytes from `offset` on; fewer at the end of the file.
  /// - Throws: ``CoredumpError``.
  public init(
    _ read: (_ offset: UInt64, _ count: Int) throws(CoredumpError) -> [UInt8]
  ) throws(CoredumpError) {
    // The headers of as many segments as there can be, with the file's own in front.
    let first = CoredumpLayout.maximumSegmentCount * ELFClass.elf64.segmentHeaderByteCount + 64
    let head: ELFFile
    do throws(ELFError) { head = try ELFFile(parsing: try Self.head(read, first)) } catch {
      throw .image(error)
    }
    guard head.type == .core else { throw .notCore(head.type) }
    elfClass = head.elfClass
    machine = head.machine
    entry = head.entry
    segments = head.segments.filter { $0.type == .load }
    var notes: [CoredumpNote] = []
    var left = Self.maximumNoteByteCount
    for segment in head.segments where segment.type == .note {
      guard segment.fileByteCount <= left else {
        throw .notesOutOfFile(
          offset: segment.offset, byteCount: segment.fileByteCount, limit: left)
      }
      left -= segment.fileByteCount
      let bytes = try read(segment.offset, Int(segment.fileByteCount))
      guard bytes.count == Int(segment.fileByteCount) else {
        throw .notesOutOfFile(
          offset: segment.offset, byteCount: segment.fileByteCount, limit: UInt64(bytes.count))
      }
      notes += try Self.notes(in: bytes, at: segment.offset)
    }
    self.notes = notes
  }

  private static func head(
    _ read: (UInt64, Int) throws(CoredumpError) -> [UInt8], _ count: Int
  ) throws(ELFError) -> [UInt8] {
    do throws(CoredumpError) { return try read(0, count) } catch { return [] }
  }

  private static func notes(
    in bytes: [UInt8], at base: UInt64
  ) throws(CoredumpError) -> [CoredumpNote] {
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let raw = unsafe bytes.span.bytes
    var notes: [CoredumpNote] = []
    var offset = 0
    while offset < bytes.count {
      let left = bytes.count - offset
      guard left >= 12 else {
        throw .truncatedNote(
          offset: base + UInt64(offset), needed: 12, available: UInt64(left))
      }
      let nameCount = Int(raw.littleEndian(at: offset, as: UInt32.self))
      let byteCount = Int(raw.littleEndian(at: offset + 4, as: UInt32.self))
      // Two numbers below 2^32: the sum fits.
      let name = CoredumpNote.padded(nameCount)
      guard 12 + name + byteCount <= left else {
        throw .truncatedNote(
          offset: base + UInt64(offset), needed: UInt64(12 + name + byteCount),
          available: UInt64(left))
      }
      let owner = bytes[(offset + 12)..<(offset + 12 + nameCount)].prefix { $0 != 0 }
      let start = offset + 12 + name
      notes.append(
        CoredumpNote(
          owner: String(decoding: owner, as: UTF8.self),
          type: raw.littleEndian(at: offset + 8),
          bytes: Array(bytes[start..<(start + byteCount)])))
      offset += min(12 + name + CoredumpNote.padded(byteCount), left)
    }
    return notes
  }
}

// What our own notes say.
extension CoredumpReader {
  /// What is known about the crash; empty in a dump that is not ours.
  public var facts: CoredumpFacts {
    notes.lazy.compactMap { CoredumpFacts($0) }.first ?? CoredumpFacts()
  }
  /// The trace buffers.
  public var traces: [CoredumpTrace] { notes.compactMap { CoredumpTrace($0) } }
  /// The resource table; `nil` when there is none.
  public var table: CoredumpTable? { notes.lazy.compactMap { CoredumpTable($0) }.first }
  /// The names of the memory; `nil` in a dump that is not ours.
  public var memoryMap: CoredumpMemoryMap? {
    notes.lazy.compactMap { CoredumpMemoryMap($0) }.first
  }

  /// The registers of each core that are in the dump, for machines that are known here.
  public var registers: [ProcessorRegisters] {
    let instructionSet: ProcessorRegisters.InstructionSet
    switch (machine, elfClass) {
    case (.riscv, .elf32): instructionSet = .riscv32
    case (.arm, .elf32): instructionSet = .arm32
    default: return []
    }
    return notes.compactMap { ProcessorRegisters($0, instructionSet) }
  }
}

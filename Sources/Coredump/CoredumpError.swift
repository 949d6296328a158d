public import ELF
public import WireTypes

/// Why a dump could not be written or read.
///
/// Offsets and sizes are bytes from the start of the file.
public enum CoredumpError: Error, Equatable, Sendable {
  /// What the operating system was asked for.
  public enum Operation: Equatable, Sendable {
    /// Opening or making the folder of a dump.
    case openFolder
    /// Listing the folder's dumps.
    case list
    /// Making the file.
    case create
    /// Opening a dump.
    case open
    /// Reading a dump.
    case read
    /// Writing bytes.
    case write
    /// Giving the file its size.
    case resize
    /// Giving the finished file its name.
    case rename
    /// Removing an old dump.
    case remove
  }

  /// There is no memory to dump, and no notes either.
  case nothingToDump
  /// More segments than the form can count.
  case tooManySegments(count: Int, limit: Int)
  /// A segment reaches past the end of the address space.
  case addressWrap(segment: Int, start: DeviceAddress, byteCount: UInt64)
  /// A segment lies at addresses that fields of 32 bits do not hold.
  case addressNotExpressible(segment: Int, DeviceAddress)
  /// The file would be larger than its own fields, or files, can be; all bytes up to the segment
  /// that is too much come to `byteCount`, or to more than 2^64 (`nil`).
  case tooLarge(segment: Int, byteCount: UInt64?, limit: UInt64)
  /// The time for writing is over.
  case timedOut(after: Duration, written: UInt64, byteCount: UInt64)
  /// The dump needs more room than all dumps together may take.
  case quotaExceeded(needed: UInt64, limit: UInt64)
  /// A name that cannot be part of a file's name.
  case badName(String)
  /// The operating system refused with this `errno`; `offset` is where in the file, if it matters.
  case system(Operation, errno: Int32, offset: UInt64?)

  /// The file is no ELF file.
  case image(ELFError)
  /// The file is an ELF file, but not a core file.
  case notCore(ELFType)
  /// The notes at `offset` do not lie inside the file, or are more than is ever read.
  case notesOutOfFile(offset: UInt64, byteCount: UInt64, limit: UInt64)
  /// The note at `offset` reaches past the end of its segment.
  case truncatedNote(offset: UInt64, needed: UInt64, available: UInt64)
}

extension CoredumpError: CustomStringConvertible {
  /// One line for a person: what failed, where, and by how much.
  public var description: String {
    switch self {
    case .nothingToDump: "no memory to dump"
    case .tooManySegments(let count, let limit):
      "\(count) segments, at most \(limit) fit into a dump"
    case .addressWrap(let segment, let start, let byteCount):
      "segment \(segment) at da \(start), 0x\(String(byteCount, radix: 16)) bytes, reaches past "
        + "the end of the address space"
    case .addressNotExpressible(let segment, let da):
      "segment \(segment): da \(da) does not fit into 32 bits"
    case .tooLarge(let segment, let byteCount, let limit):
      "dump too large at segment \(segment): "
        + (byteCount.map { "0x" + String($0, radix: 16) } ?? "more than 2^64")
        + " bytes, limit 0x\(String(limit, radix: 16))"
    case .timedOut(let duration, let written, let byteCount):
      "dump not written within \(duration): \(written) of \(byteCount) bytes"
    case .quotaExceeded(let needed, let limit):
      "dump needs \(needed) bytes, all dumps together may take \(limit)"
    case .badName(let name): "\"\(name)\" cannot be part of a file name"
    case .system(let operation, let errno, let offset):
      "dump: \(operation) refused with errno \(errno)"
        + (offset.map { " at offset \($0)" } ?? "")
    case .image(let error): error.description
    case .notCore(let type): "not a core file (ELF type \(type))"
    case .notesOutOfFile(let offset, let byteCount, let limit):
      "notes at offset 0x\(String(offset, radix: 16)): \(byteCount) bytes, \(limit) can be read"
    case .truncatedNote(let offset, let needed, let available):
      "note at offset 0x\(String(offset, radix: 16)) truncated: \(needed) bytes needed, "
        + "\(available) available"
    }
  }
}

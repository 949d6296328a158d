public import WireTypes

/// An ELF image, read from a private copy of its bytes.
///
/// Reading is total: whatever the bytes are, nothing traps, nothing outside the image is read, and
/// nothing is allocated by a number from the image. Headers are decoded one by one when they are
/// asked for; what a segment or section claims is checked when its bytes are asked for. Rules that
/// an image can break without harm to the reader are separate: ``checkIdentification()``,
/// ``checkMachine(_:)``, ``checkHasSegments()``, ``checkExtent(of:)``, ``checkOverlap()``,
/// ``checkEntry()``.
public struct ELFFile: Sendable {
  /// Offsets of header fields that differ between the classes.
  private struct Layout {
    let programHeaders: Int
    let sectionHeaders: Int
    let flags: Int

    init(_ elfClass: ELFClass) {
      (programHeaders, sectionHeaders, flags) =
        elfClass == .elf32 ? (28, 32, 36) : (32, 40, 48)
    }
  }

  /// The whole image.
  public let bytes: [UInt8]
  /// Whether fields are 32 or 64 bits wide.
  public let elfClass: ELFClass
  /// What kind of object it is (`e_type`).
  public let type: ELFType
  /// The instruction set it is for (`e_machine`).
  public let machine: ELFMachine
  /// Where execution starts (`e_entry`).
  public let entry: DeviceAddress
  /// Flags whose meaning the machine gives (`e_flags`).
  public let flags: UInt32
  /// How many program headers there are; all of them lie inside the image.
  public let segmentCount: Int
  /// How many section headers the image claims; not all need lie inside it.
  public let sectionCount: Int
  /// The section that holds the names of sections (`e_shstrndx`).
  public let sectionNamesIndex: Int
  /// Where the section header table is said to begin (`e_shoff`).
  public let sectionTableOffset: UInt64

  private let segmentTableOffset: Int

  /// Reads the file header.
  ///
  /// - Throws: ``ELFError/truncatedHeader(needed:available:)``, ``ELFError/badMagic(_:)``,
  ///   ``ELFError/unsupportedClass(_:)``, ``ELFError/unsupportedByteOrder(_:)``, or
  ///   ``ELFError/tableOutOfFile(_:start:count:fileByteCount:)`` for the program headers.
  public init(parsing bytes: [UInt8]) throws(ELFError) {
    let elfClass = try Self.identify(bytes)
    let layout = Layout(elfClass)
    func word(_ offset: Int) -> UInt64 {
      elfClass == .elf32
        ? UInt64(bytes.littleEndian(at: offset, as: UInt32.self)) : bytes.littleEndian(at: offset)
    }
    type = ELFType(rawValue: bytes.littleEndian(at: 16))
    machine = ELFMachine(rawValue: bytes.littleEndian(at: 18))
    entry = DeviceAddress(rawValue: word(24))
    flags = bytes.littleEndian(at: layout.flags)
    segmentCount = Int(bytes.littleEndian(at: layout.flags + 8, as: UInt16.self))
    sectionCount = Int(bytes.littleEndian(at: layout.flags + 12, as: UInt16.self))
    sectionNamesIndex = Int(bytes.littleEndian(at: layout.flags + 14, as: UInt16.self))
    sectionTableOffset = word(layout.sectionHeaders)
    let start = word(layout.programHeaders)
    // At most 65,535 headers of 56 bytes: the product fits.
    let needed = UInt64(segmentCount * elfClass.segmentHeaderByteCount)
    guard let table = Self.range(at: start, byteCount: needed, in: bytes.count) else {
      throw .tableOutOfFile(
        .programHeaders, start: start, count: segmentCount, fileByteCount: bytes.count)
    }
    segmentTableOffset = table.lowerBound
    self.elfClass = elfClass
    self.bytes = bytes
  }

  private static func identify(_ bytes: [UInt8]) throws(ELFError) -> ELFClass {
    let smallest = ELFClass.elf32.headerByteCount
    guard bytes.count >= smallest else {
      throw .truncatedHeader(needed: smallest, available: bytes.count)
    }
    let magic: UInt32 = bytes.littleEndian(at: 0)
    guard magic == 0x464c_457f else { throw .badMagic(magic) }
    guard let elfClass = ELFClass(rawValue: bytes[4]) else { throw .unsupportedClass(bytes[4]) }
    guard bytes[5] == 1 else { throw .unsupportedByteOrder(bytes[5]) }
    guard bytes.count >= elfClass.headerByteCount else {
      throw .truncatedHeader(needed: elfClass.headerByteCount, available: bytes.count)
    }
    return elfClass
  }

  /// The range of the file that `byteCount` bytes at `offset` take, or `nil` unless all lie in it.
  static func range(at offset: UInt64, byteCount: UInt64, in fileByteCount: Int) -> Range<Int>? {
    let available = UInt64(fileByteCount)
    guard offset <= available, byteCount <= available - offset else { return nil }
    // Both fit in `Int`, as the file's own size does.
    return Int(offset)..<Int(offset + byteCount)
  }

  /// Where the field that counts program headers lies.
  var segmentCountOffset: Int { Layout(elfClass).flags + 8 }
  /// Where the field that names the section of names lies.
  var sectionNamesIndexOffset: Int { Layout(elfClass).flags + 14 }

  /// The program headers in the order of the file, each decoded when it is asked for.
  public var segments: Segments { Segments(file: self) }

  /// The program header at `index`.
  ///
  /// - Precondition: `0 <= index < segmentCount`.
  public func segment(at index: Int) -> ELFSegment {
    precondition(index >= 0 && index < segmentCount, "segment index out of range")
    return ELFSegment(
      decoding: bytes,
      at: segmentTableOffset + index * elfClass.segmentHeaderByteCount, class: elfClass)
  }

  /// The bytes of a segment that come from the file.
  ///
  /// - Throws: ``ELFError/fileExceedsMemory(header:fileByteCount:memoryByteCount:)`` or
  ///   ``ELFError/segmentOutOfFile(header:offset:byteCount:fileByteCount:)``, the latter also for
  ///   no bytes at an offset past the end.
  public func bytes(of segment: ELFSegment) throws(ELFError) -> ArraySlice<UInt8> {
    guard segment.fileByteCount <= segment.memoryByteCount else {
      throw .fileExceedsMemory(
        header: segment.headerOffset, fileByteCount: segment.fileByteCount,
        memoryByteCount: segment.memoryByteCount)
    }
    let range = Self.range(
      at: segment.offset, byteCount: segment.fileByteCount, in: bytes.count)
    guard let range else {
      throw .segmentOutOfFile(
        header: segment.headerOffset, offset: segment.offset, byteCount: segment.fileByteCount,
        fileByteCount: bytes.count)
    }
    return bytes[range]
  }

  /// Program headers as a collection that decodes one when it is reached.
  public struct Segments: RandomAccessCollection, Sendable {
    let file: ELFFile

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of program headers.
    public var endIndex: Int { file.segmentCount }

    /// The program header at `position`.
    public subscript(position: Int) -> ELFSegment { file.segment(at: position) }
  }
}

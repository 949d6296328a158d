import CLinux

/// An xz stream, unpacked by liblzma.
///
/// Source: practice (the interface of liblzma 5).
@safe
struct XZStream: ~Copyable, UnpackStream {
  private typealias Begin =
    @convention(c) (UnsafeMutablePointer<rproc_lzma_stream>, UInt64, UInt32) -> Int32
  private typealias Code =
    @convention(c) (UnsafeMutablePointer<rproc_lzma_stream>, Int32) -> Int32
  private typealias End = @convention(c) (UnsafeMutablePointer<rproc_lzma_stream>) -> Void

  /// Bytes the library may use for its dictionary; the largest preset takes 65 MiB.
  private static var memoryLimit: UInt64 { 256 << 20 }
  /// `LZMA_TELL_UNSUPPORTED_CHECK`: a check that cannot be verified is an error.
  private static var flags: UInt32 { 2 }

  private let library: DynamicLibrary
  private let code: Code
  private let end: End
  private let stream: UnsafeMutablePointer<rproc_lzma_stream>

  init(library name: String) throws(UnpackStop) {
    guard let library = DynamicLibrary(name),
      // SAFETY: the types are those of lzma/container.h and lzma/base.h.
      let begin = unsafe library.function("lzma_stream_decoder", as: Begin.self),
      let code = unsafe library.function("lzma_code", as: Code.self),
      let end = unsafe library.function("lzma_end", as: End.self)
    else { throw .libraryMissing }
    let stream = UnsafeMutablePointer<rproc_lzma_stream>.allocate(capacity: 1)
    // All zero is how the library wants a new stream.
    unsafe stream.initialize(to: rproc_lzma_stream())
    let result = unsafe begin(stream, Self.memoryLimit, Self.flags)
    guard result == 0 else {
      unsafe stream.deallocate()
      throw .fault(result == 5 ? .outOfMemory : .unsupported(code: Int(result)))
    }
    self.library = library
    unsafe self.code = code
    unsafe self.end = end
    unsafe self.stream = stream
  }

  deinit {
    // SAFETY: the stream was begun, and the library is still open.
    unsafe end(stream)
    unsafe stream.deallocate()
  }

  borrowing func declaredByteCount(of bytes: [UInt8]) -> UInt64? { XZIndex.byteCount(of: bytes) }

  mutating func step(_ cursor: inout UnpackCursor) throws(UnpackStop) -> Bool {
    let input = unsafe cursor.remainingInput
    let output = unsafe cursor.remainingOutput
    unsafe stream.pointee.next_in = input.baseAddress
    unsafe stream.pointee.avail_in = input.count
    unsafe stream.pointee.next_out = output.baseAddress
    unsafe stream.pointee.avail_out = output.count
    // SAFETY: the library reads and writes at most what the two counts allow. Action 0 is to run.
    let result = unsafe code(stream, 0)
    cursor.advance(
      inputLeft: unsafe stream.pointee.avail_in, outputLeft: unsafe stream.pointee.avail_out)
    switch result {
    case 0, 10: return false  // OK, and no progress, which the caller sees.
    case 1: return true
    case 3, 6, 8: throw .fault(.unsupported(code: Int(result)))
    case 5: throw .fault(.outOfMemory)
    default: throw .fault(.corrupt(code: Int(result)))
    }
  }
}

/// What the end of an xz file says of its size.
///
/// Only a hint, to get memory of the right size at once; the library verifies what it unpacks.
/// Source: practice (the xz file format, version 1.1).
enum XZIndex {
  private static var footerByteCount: Int { 12 }

  /// Bytes that the stream unpacks to, or `nil` when the end is not that of an xz file.
  static func byteCount(of bytes: [UInt8]) -> UInt64? {
    let footer = bytes.count - footerByteCount
    // A header, an index of 8 bytes and a footer are the least there can be.
    guard bytes.count >= 32, bytes[bytes.count - 2] == 0x59, bytes[bytes.count - 1] == 0x5a else {
      return nil
    }
    let backward = (0..<4).reduce(0) { $0 | Int(bytes[footer + 4 + $1]) << (8 * $1) }
    let indexByteCount = (backward + 1) * 4
    guard indexByteCount <= footer - 12, bytes[footer - indexByteCount] == 0 else { return nil }
    var rest = bytes[(footer - indexByteCount + 1)..<footer]
    guard let count = number(&rest) else { return nil }
    var total: UInt64 = 0
    var index: UInt64 = 0
    while index < count {
      // Each record takes bytes, so a wrong count ends with them.
      guard number(&rest) != nil, let size = number(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow else { return nil }
      total = sum
      index += 1
    }
    return total
  }

  /// An integer of 7 bits a byte, the lowest first; a set high bit says that more follow.
  private static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}

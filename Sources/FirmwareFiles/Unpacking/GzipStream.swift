import CLinux

/// A gzip member, unpacked by zlib.
///
/// Source: practice (the interface of zlib 1).
@safe
struct GzipStream: ~Copyable, UnpackStream {
  private typealias Begin =
    @convention(c) (UnsafeMutablePointer<rproc_z_stream>, Int32, UnsafePointer<CChar>, Int32) ->
    Int32
  private typealias Inflate = @convention(c) (UnsafeMutablePointer<rproc_z_stream>, Int32) -> Int32
  private typealias End = @convention(c) (UnsafeMutablePointer<rproc_z_stream>) -> Int32

  /// The largest window, and a gzip header in front of the data.
  private static var windowBits: Int32 { 15 + 16 }
  /// The library counts in 32 bits.
  private static var stepByteCount: Int { 1 << 30 }

  private let library: DynamicLibrary
  private let inflate: Inflate
  private let end: End
  private let stream: UnsafeMutablePointer<rproc_z_stream>

  init(library name: String) throws(UnpackStop) {
    guard let library = DynamicLibrary(name),
      // SAFETY: the types are those of zlib.h.
      let begin = unsafe library.function("inflateInit2_", as: Begin.self),
      let inflate = unsafe library.function("inflate", as: Inflate.self),
      let end = unsafe library.function("inflateEnd", as: End.self)
    else { throw .libraryMissing }
    let stream = UnsafeMutablePointer<rproc_z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: rproc_z_stream())
    let size = unsafe Int32(MemoryLayout<rproc_z_stream>.size)
    // The library compares the first digit of its version and the size of the structure.
    let result = unsafe begin(stream, Self.windowBits, "1", size)
    guard result == 0 else {
      unsafe stream.deallocate()
      throw .fault(result == -4 ? .outOfMemory : .unsupported(code: Int(result)))
    }
    self.library = library
    unsafe self.inflate = inflate
    unsafe self.end = end
    unsafe self.stream = stream
  }

  deinit {
    // SAFETY: the stream was begun, and the library is still open.
    _ = unsafe end(stream)
    unsafe stream.deallocate()
  }

  /// The last four bytes; a hint, as they hold only 32 bits and may not belong to the stream.
  borrowing func declaredByteCount(of bytes: [UInt8]) -> UInt64? {
    // A header of 10 bytes and a trailer of 8 are the least there can be.
    guard bytes.count >= 18 else { return nil }
    let size = (0..<4).reduce(UInt64(0)) { $0 | UInt64(bytes[bytes.count - 4 + $1]) << (8 * $1) }
    // Deflate makes at most 1,032 bytes of one: anything else is not the size.
    return size <= UInt64(bytes.count) * 1032 ? size : nil
  }

  mutating func step(_ cursor: inout UnpackCursor) throws(UnpackStop) -> Bool {
    let input = unsafe cursor.remainingInput
    let output = unsafe cursor.remainingOutput
    let inputCount = min(input.count, Self.stepByteCount)
    let outputCount = min(output.count, Self.stepByteCount)
    unsafe stream.pointee.next_in = input.baseAddress
    unsafe stream.pointee.avail_in = UInt32(inputCount)
    unsafe stream.pointee.next_out = output.baseAddress
    unsafe stream.pointee.avail_out = UInt32(outputCount)
    // SAFETY: the library reads and writes at most what the two counts allow.
    let result = unsafe inflate(stream, 0)
    let taken = unsafe inputCount - Int(stream.pointee.avail_in)
    let given = unsafe outputCount - Int(stream.pointee.avail_out)
    cursor.advance(inputLeft: input.count - taken, outputLeft: output.count - given)
    switch result {
    case 0, -5: return false  // OK, and no progress, which the caller sees.
    case 1: return true
    case 2: throw .fault(.unsupported(code: 2))  // A preset dictionary.
    case -4: throw .fault(.outOfMemory)
    default: throw .fault(.corrupt(code: Int(result)))
    }
  }
}

import CLinux

/// A zstd frame, unpacked by libzstd.
///
/// Source: practice (the stable interface of libzstd 1).
@safe
struct ZstandardStream: ~Copyable, UnpackStream {
  private typealias Make = @convention(c) () -> OpaquePointer?
  private typealias Free = @convention(c) (OpaquePointer?) -> Int
  private typealias Decompress =
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<rproc_zstd_output>,
      UnsafeMutablePointer<rproc_zstd_input>
    ) -> Int
  private typealias IsError = @convention(c) (Int) -> UInt32
  private typealias ErrorCode = @convention(c) (Int) -> Int32
  private typealias ContentSize = @convention(c) (UnsafeRawPointer?, Int) -> UInt64

  private let library: DynamicLibrary
  private let free: Free
  private let decompress: Decompress
  private let isError: IsError
  private let errorCode: ErrorCode
  private let contentSize: ContentSize
  private let stream: OpaquePointer

  init(library name: String) throws(UnpackStop) {
    guard let library = DynamicLibrary(name),
      // SAFETY: the types are those of zstd.h and zstd_errors.h.
      let make = unsafe library.function("ZSTD_createDStream", as: Make.self),
      let free = unsafe library.function("ZSTD_freeDStream", as: Free.self),
      let decompress = unsafe library.function("ZSTD_decompressStream", as: Decompress.self),
      let isError = unsafe library.function("ZSTD_isError", as: IsError.self),
      let errorCode = unsafe library.function("ZSTD_getErrorCode", as: ErrorCode.self),
      let contentSize = unsafe library.function("ZSTD_getFrameContentSize", as: ContentSize.self)
    else { throw .libraryMissing }
    guard let stream = unsafe make() else { throw .fault(.outOfMemory) }
    self.library = library
    unsafe self.free = free
    unsafe self.decompress = decompress
    self.isError = isError
    self.errorCode = errorCode
    unsafe self.contentSize = contentSize
    unsafe self.stream = stream
  }

  deinit {
    // SAFETY: the stream is the library's own, which is still open.
    _ = unsafe free(stream)
  }

  borrowing func declaredByteCount(of bytes: [UInt8]) -> UInt64? {
    let size = unsafe bytes.withUnsafeBytes { buffer in
      // SAFETY: the library reads at most the bytes of the buffer.
      unsafe contentSize(buffer.baseAddress, buffer.count)
    }
    // The two largest numbers are "not said" and "no frame".
    return size < .max - 1 ? size : nil
  }

  mutating func step(_ cursor: inout UnpackCursor) throws(UnpackStop) -> Bool {
    let source = unsafe cursor.remainingInput
    let target = unsafe cursor.remainingOutput
    var input = unsafe rproc_zstd_input(src: source.baseAddress, size: source.count, pos: 0)
    var output = unsafe rproc_zstd_output(dst: target.baseAddress, size: target.count, pos: 0)
    // SAFETY: the library reads and writes at most what the two sizes allow.
    let result = unsafe decompress(stream, &output, &input)
    cursor.advance(
      inputLeft: unsafe source.count - input.pos, outputLeft: unsafe target.count - output.pos)
    guard isError(result) == 0 else {
      let code = Int(errorCode(result))
      switch code {
      case 14, 16: throw .fault(.unsupported(code: code))  // Parameter, window too large.
      case 64: throw .fault(.outOfMemory)
      case 72: throw .fault(.truncated)  // The input ends inside the frame.
      default: throw .fault(.corrupt(code: code))
      }
    }
    return result == 0
  }
}

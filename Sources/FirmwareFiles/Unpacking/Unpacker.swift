/// Unpacks compressed images with the libraries of the system, each opened when it is needed.
///
/// The size of the result is known before memory for it is taken: from the compressed bytes where
/// they tell it, else by unpacking once for the count alone. Nothing beyond the limit is kept.
public struct Unpacker: Equatable, Sendable {
  /// The file name of liblzma, for xz.
  public var lzmaLibrary = "liblzma.so.5"
  /// The file name of libzstd.
  public var zstdLibrary = "libzstd.so.1"
  /// The file name of zlib, for gzip.
  public var zlibLibrary = "libz.so.1"

  /// Uses the libraries under their usual names.
  public init() {}

  /// Unpacks `bytes`, which begin as `compression` does.
  func unpack(
    _ bytes: [UInt8], _ compression: Compression, path: String, limit: Int
  ) throws(ImageFileError) -> [UInt8] {
    let request = UnpackRequest(bytes: bytes, limit: limit)
    do throws(UnpackRequest.Refusal) {
      switch compression {
      case .xz: return try request.unpack(XZStream.self, lzmaLibrary)
      case .zstd: return try request.unpack(ZstandardStream.self, zstdLibrary)
      case .gzip: return try request.unpack(GzipStream.self, zlibLibrary)
      }
    } catch {
      switch error {
      case .stop(.libraryMissing):
        throw .libraryMissing(compression, library: library(of: compression), path: path)
      case .stop(.fault(let fault)): throw .unpacking(compression, fault, path: path)
      case .tooLarge(let byteCount):
        throw .unpacksTooLarge(compression, byteCount: byteCount, limit: limit, path: path)
      }
    }
  }

  private func library(of compression: Compression) -> String {
    switch compression {
    case .xz: lzmaLibrary
    case .zstd: zstdLibrary
    case .gzip: zlibLibrary
    }
  }
}

/// Compressed bytes, and how many they may become.
struct UnpackRequest {
  /// Why nothing came of it.
  enum Refusal: Error {
    case stop(UnpackStop)
    case tooLarge(UInt64?)
  }

  private enum Outcome {
    case finished
    case outputFull
  }

  let bytes: [UInt8]
  let limit: Int

  /// Bytes that are unpacked at a time when only their number counts.
  private static var chunkByteCount: Int { 1 << 16 }

  /// Unpacks all bytes with streams of one kind.
  func unpack<Stream: UnpackStream & ~Copyable>(
    _ type: Stream.Type, _ library: String
  ) throws(Refusal) -> [UInt8] {
    if let declared = try open(type, library).declaredByteCount(of: bytes) {
      guard declared <= UInt64(limit) else { throw .tooLarge(declared) }
      if let result = try fill(type, library, byteCount: Int(declared)) { return result }
      // The declared size was wrong; the stream itself decides.
    }
    let byteCount = try measure(type, library)
    guard let result = try fill(type, library, byteCount: byteCount) else {
      throw .stop(.fault(.corrupt(code: 0)))
    }
    return result
  }

  private func open<Stream: UnpackStream & ~Copyable>(
    _ type: Stream.Type, _ library: String
  ) throws(Refusal) -> Stream {
    do throws(UnpackStop) { return try Stream(library: library) } catch { throw .stop(error) }
  }

  /// Unpacks to exactly `byteCount` bytes; `nil` when the stream has another size.
  private func fill<Stream: UnpackStream & ~Copyable>(
    _ type: Stream.Type, _ library: String, byteCount: Int
  ) throws(Refusal) -> [UInt8]? {
    var stream = try open(type, library)
    var failure: UnpackStop?
    var isComplete = false
    // One byte more, so that the end of a stream of the right size is seen.
    let result = unsafe [UInt8](unsafeUninitializedCapacity: byteCount + 1) { buffer, count in
      unsafe bytes.withUnsafeBytes { input in
        // SAFETY: both buffers are valid during this closure.
        var cursor = unsafe UnpackCursor(
          input: input, output: UnsafeMutableRawBufferPointer(buffer))
        do throws(UnpackStop) {
          isComplete = try Self.run(&stream, &cursor) == .finished
        } catch { failure = error }
        count = cursor.produced
      }
    }
    if let failure { throw .stop(failure) }
    return isComplete && result.count == byteCount ? result : nil
  }

  /// Counts what the stream unpacks to, and keeps nothing of it.
  private func measure<Stream: UnpackStream & ~Copyable>(
    _ type: Stream.Type, _ library: String
  ) throws(Refusal) -> Int {
    var stream = try open(type, library)
    var chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
    var refusal: Refusal?
    var total = 0
    unsafe bytes.withUnsafeBytes { input in
      unsafe chunk.withUnsafeMutableBytes { output in
        // SAFETY: both buffers are valid during this closure.
        var cursor = unsafe UnpackCursor(input: input, output: output)
        do throws(UnpackStop) {
          while try Self.run(&stream, &cursor) == .outputFull, total <= limit {
            total += cursor.produced
            cursor.produced = 0
          }
          total += cursor.produced
        } catch { refusal = .stop(error) }
      }
    }
    if let refusal { throw refusal }
    guard total <= limit else { throw .tooLarge(nil) }
    return total
  }

  /// Goes on until the stream ends or the output is full.
  private static func run<Stream: UnpackStream & ~Copyable>(
    _ stream: inout Stream, _ cursor: inout UnpackCursor
  ) throws(UnpackStop) -> Outcome {
    while unsafe cursor.produced < cursor.output.count {
      let before = (cursor.consumed, cursor.produced)
      if try stream.step(&cursor) {
        let left = unsafe cursor.input.count - cursor.consumed
        guard left == 0 else {
          throw .fault(.trailingBytes(offset: cursor.consumed, count: left))
        }
        return .finished
      }
      // Without progress the library waits for input that does not come.
      guard before != (cursor.consumed, cursor.produced) else { throw .fault(.truncated) }
    }
    return .outputFull
  }
}

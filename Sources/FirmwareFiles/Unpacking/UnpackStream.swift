/// Where a library reads from and writes to.
@safe
struct UnpackCursor {
  /// All compressed bytes.
  let input: UnsafeRawBufferPointer
  /// Bytes of the input that the library has taken.
  var consumed = 0
  /// Where unpacked bytes go.
  let output: UnsafeMutableRawBufferPointer
  /// Bytes that the library has put there.
  var produced = 0

  /// Makes a cursor at the start of both.
  init(input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer) {
    unsafe self.input = input
    unsafe self.output = output
  }

  /// What is left of the input.
  var remainingInput: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: input[consumed...])
  }

  /// What is left of the output.
  var remainingOutput: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: output[produced...])
  }

  /// Notes what one call of the library took and gave; more than there was counts as all.
  mutating func advance(inputLeft: Int, outputLeft: Int) {
    consumed = unsafe input.count - min(max(inputLeft, 0), input.count - consumed)
    produced = unsafe output.count - min(max(outputLeft, 0), output.count - produced)
  }
}

/// One compressed stream that a library unpacks.
protocol UnpackStream: ~Copyable {
  /// Opens the library and begins a stream.
  ///
  /// - Throws: ``UnpackStop/libraryMissing`` or a fault.
  init(library: String) throws(UnpackStop)

  /// Bytes of the unpacked stream as the compressed bytes tell them, unverified; `nil` when they
  /// do not say.
  borrowing func declaredByteCount(of bytes: [UInt8]) -> UInt64?

  /// Takes input and gives output as far as both go; whether the stream has ended.
  mutating func step(_ cursor: inout UnpackCursor) throws(UnpackStop) -> Bool
}

/// Why unpacking ended early.
enum UnpackStop: Error {
  case libraryMissing
  case fault(ImageFileError.UnpackFault)
}

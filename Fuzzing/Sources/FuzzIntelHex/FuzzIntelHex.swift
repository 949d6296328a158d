import IntelHex
import WireTypes

/// Reads a hex file; a file that is read must hold together.
@c(LLVMFuzzerTestOneInput)
public func fuzzIntelHex(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  do throws(IntelHexError) {
    let file = try IntelHexFile(parsing: bytes)
    precondition(IntelHexFile.canBegin(with: bytes) || bytes.count > 64)
    var end: UInt64 = 0
    var total = 0
    for segment in file.segments {
      precondition(segment.byteCount > 0 && segment.address.rawValue >= end)
      end = segment.address.rawValue + UInt64(segment.byteCount)
      precondition(end <= 1 << 32)
      precondition(file.contents.indices.contains(segment.range.lowerBound))
      total += segment.byteCount
    }
    precondition(total == file.contents.count && total <= bytes.count / 2)
  } catch {
    precondition(!error.description.isEmpty)
  }
  return 0
}

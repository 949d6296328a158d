import ELF
import WireTypes

/// Moves an image; only loaded bytes may change, and those of no byte that is loaded stay.
@c(LLVMFuzzerTestOneInput)
public func fuzzRelocation(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  do throws(ELFError) {
    let file = try ELFFile(parsing: bytes)
    do throws(ELFError) {
      let placement = try file.placement()
      precondition(placement.byteCount > 0 && placement.alignment.nonzeroBitCount == 1)
      precondition(placement.start.rawValue & (placement.alignment - 1) == 0)
    } catch {}
    let moved = try file.relocatedBytes(by: 0x8000_0000)
    precondition(moved.count == bytes.count)
    guard moved != bytes else { return 0 }
    var mayChange = [Bool](repeating: false, count: bytes.count)
    for segment in file.segments where segment.isLoadable {
      for index in try file.bytes(of: segment).indices { mayChange[index] = true }
    }
    for index in bytes.indices { precondition(mayChange[index] || bytes[index] == moved[index]) }
  } catch {
    precondition(!error.description.isEmpty)
  }
  return 0
}

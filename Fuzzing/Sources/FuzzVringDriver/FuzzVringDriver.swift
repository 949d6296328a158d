import Sides

/// Runs our driver role against a hostile device.
@c(LLVMFuzzerTestOneInput)
public func fuzzVringDriver(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = FuzzInput(Array(UnsafeBufferPointer(start: data, count: count)))
  guard var run = try? HostileDevice(input) else { preconditionFailure("a ring that can be made") }
  _ = run.run()
  return 0
}

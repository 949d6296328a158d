import Sides

/// Runs our device role against a hostile driver.
@c(LLVMFuzzerTestOneInput)
public func fuzzVringDevice(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = FuzzInput(Array(UnsafeBufferPointer(start: data, count: count)))
  guard var run = try? HostileDriver(input) else { preconditionFailure("a ring that can be made") }
  _ = run.run()
  return 0
}

import Sides

/// Runs our host against a hostile remote, or with an odd first byte our remote against a hostile
/// host.
@c(LLVMFuzzerTestOneInput)
public func fuzzRPMsg(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = FuzzInput(Array(UnsafeBufferPointer(start: data, count: count)))
  if input.next(UInt8.self) & 1 == 0 {
    guard var run = try? HostileRemote(input) else { preconditionFailure("rings that can be made") }
    _ = run.run()
  } else {
    guard var run = try? HostileHost(input) else { preconditionFailure("rings that can be made") }
    run.run()
  }
  return 0
}

import Sides

/// Runs our link for large messages against a hostile peer.
@c(LLVMFuzzerTestOneInput)
public func fuzzTransfers(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var run = HostileTransferPeer(FuzzInput(Array(UnsafeBufferPointer(start: data, count: count))))
  run.run()
  return 0
}

public import WireTypes

/// Why a trace is not read any more, or not as written.
public enum TraceError: Error, Equatable, Sendable {
  /// The buffer lies in no memory that the host can read.
  case unavailable(WireName)
  /// The reader took its text too slowly: this many bytes waited, and more came.
  case lagged(waitingByteCount: Int)
  /// No control block of the indexed format lies there.
  case noControlBlock(DeviceAddress)
  /// The control block has no such channel.
  case noChannel(Int, count: UInt32)
  /// A position or the place of the channel's ring makes no sense; what was unread is lost, and
  /// reading goes on when it makes sense again.
  case corrupted(writeOffset: UInt32, readOffset: UInt32, byteCount: UInt32)
}

extension TraceError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .unavailable(let name): "trace \"\(name)\" cannot be read"
    case .lagged(let byteCount): "trace reader too slow: \(byteCount) bytes waited, and more came"
    case .noControlBlock(let da): "no control block of a trace at da \(da)"
    case .noChannel(let channel, let count): "no trace channel \(channel) of \(count)"
    case .corrupted(let write, let read, let byteCount):
      "trace positions corrupted: write 0x\(String(write, radix: 16)), "
        + "read 0x\(String(read, radix: 16)) in 0x\(String(byteCount, radix: 16)) bytes"
    }
  }
}

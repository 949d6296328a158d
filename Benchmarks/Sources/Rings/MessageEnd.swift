/// One end of a link, in one thread.
///
/// Every message starts with the last bits of its number, and the receiver checks that none is missing.
protocol MessageEnd: ~Copyable {
  /// What has come in so far.
  var inbox: Inbox { get }
  /// Starts over with message 0.
  mutating func restart(echoes: Bool, polls: Bool)
  /// Sends one message and shows it; `false`: no buffer is free.
  mutating func send(_ number: UInt64, byteCount: Int) -> Bool
  /// Sends messages from `number` on with one publication; returns how many found a buffer.
  mutating func send(batchFrom number: UInt64, count: Int, byteCount: Int) -> Int
  /// Takes whatever waits.
  mutating func receive()
}

/// What came in at an end.
struct Inbox {
  var received: UInt64 = 0
  var errors: UInt64 = 0
  var echoes = false

  /// Counts a message, which must be the next one.
  mutating func count(_ payload: RawSpan) {
    let number = payload.unsafeLoadUnaligned(as: UInt64.self)
    if number != received & 15 { errors &+= 1 }
    received &+= 1
  }
}

/// Private memory for messages: sixteen of them, of up to 512 bytes, that start with their number.
///
/// They are written once: a number written just before its message is copied would stall the copy.
final class Scratch: @unchecked Sendable {
  private static let count = 16
  private static let byteCount = 512
  /// Room for one message.
  let bytes: UnsafeMutableRawBufferPointer

  init() {
    bytes = .allocate(byteCount: Self.count * Self.byteCount, alignment: 128)
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index) }
    for number in 0..<Self.count {
      bytes.storeBytes(
        of: UInt64(number), toByteOffset: number * Self.byteCount, as: UInt64.self)
    }
  }

  deinit {
    bytes.deallocate()
    batch?.deallocate()
  }

  /// Sixteen and 64 messages one after another, each of `batchByteCount` bytes.
  private var batch: UnsafeMutableRawBufferPointer?
  private var batchByteCount = 0

  /// The bytes of `count` messages from `number` on, without gaps; at most 64.
  func messages(
    from number: UInt64, count: Int, byteCount: Int
  ) -> UnsafeRawBufferPointer {
    if batch == nil || batchByteCount != byteCount { prepareBatch(byteCount) }
    let first = Int(number & UInt64(Self.count &- 1))
    let start = UnsafeRawPointer(batch.unsafelyUnwrapped.baseAddress.unsafelyUnwrapped)
    return UnsafeRawBufferPointer(start: start + first &* byteCount, count: count &* byteCount)
  }

  private func prepareBatch(_ byteCount: Int) {
    batch?.deallocate()
    let all = UnsafeMutableRawBufferPointer.allocate(
      byteCount: (Self.count + 64) * byteCount, alignment: 128)
    for number in 0..<Self.count + 64 {
      all.storeBytes(
        of: UInt64(number & (Self.count - 1)), toByteOffset: number * byteCount, as: UInt64.self)
    }
    batch = all
    batchByteCount = byteCount
  }

  /// The bytes of message `number`, which carries the last four bits of it.
  func message(_ number: UInt64, byteCount: Int) -> UnsafeRawBufferPointer {
    let index = Int(number & UInt64(Self.count &- 1))
    let start = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped)
    return UnsafeRawBufferPointer(start: start + index &* Self.byteCount, count: byteCount)
  }
}

/// A value at an address of its own, away from others, that two threads use in turn.
final class Placed<Value: ~Copyable>: @unchecked Sendable {
  let value: UnsafeMutablePointer<Value>

  init(_ initial: consuming Value) {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<Value>.size + 256, alignment: 128)
    value = memory.bindMemory(to: Value.self, capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }
}

/// Something that cannot happen while a benchmark runs; there is nothing to measure then.
func fail(_ reason: some Error) -> Never { fatalError("benchmark: \(reason)") }

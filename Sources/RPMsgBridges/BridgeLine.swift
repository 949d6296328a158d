import Glibc
import RPMsg
import RPMsgBus
import Scheduling
import Synchronization

/// One connection of a bridge to the outside.
final class BridgeLine: Sendable {
  /// How messages are told apart outside.
  enum Framing: Equatable {
    /// They are not: bytes in, bytes out.
    case bytes
    /// Each is a packet.
    case packets
  }

  /// What is done with bytes that nobody reads fast enough.
  enum Overflow: Equatable {
    case drop
    /// The remote waits.
    case wait
  }

  /// What came of handing bytes to the outside.
  struct Delivery {
    var droppedByteCount = 0
    /// The loop must write the rest.
    var needsLoop = false
  }

  private struct Backlog {
    var bytes: [UInt8] = []
    var start = 0
    var count: Int { bytes.count - start }
  }

  /// Where bytes from outside are read.
  let input: Int32
  /// Where bytes for outside are written.
  let output: Int32
  let framing: Framing
  /// This connection's own end of the channel, where each has one.
  let ownEndpoint: RPMsgEndpoint?
  private let overflow: Overflow
  private let backlog = Guarded(Backlog())
  private let room = FutexWord()
  private let outputClosed = Atomic<Bool>(false)
  private let abandoned = Atomic<Bool>(false)
  private let owned: Descriptor?

  /// Bytes that wait for the outside at most.
  static let backlogLimit = 256 << 10
  // A pipe that has room takes this much at once.
  private static let chunkByteCount = 4096

  /// A line over two descriptors that somebody else keeps open.
  init(input: Int32, output: Int32, overflow: Overflow) {
    self.input = input
    self.output = output
    self.overflow = overflow
    framing = .bytes
    ownEndpoint = nil
    owned = nil
  }

  /// A line to a client of a socket, with an end of the channel of its own.
  init(client: consuming Descriptor, endpoint: RPMsgEndpoint?) {
    input = client.number
    output = client.number
    overflow = .drop
    framing = .packets
    ownEndpoint = endpoint
    owned = consume client
  }

  /// Whether bytes wait for the outside.
  var hasBacklog: Bool { backlog.withLock { $0.count > 0 } }

  /// Whether nobody can read the output any more.
  var isOutputClosed: Bool { outputClosed.load(ordering: .relaxed) }

  /// Lets nobody wait for room any more.
  func abandon() {
    abandoned.store(true, ordering: .relaxed)
    announceRoom()
  }

  /// Hands a message of the remote to the outside.
  ///
  /// An empty one would look like the end of a stream, and is not passed on.
  func deliver(_ payload: RawSpan) -> Delivery {
    guard !payload.isEmpty else { return Delivery() }
    // SAFETY: the pointer is used during the call only.
    return unsafe payload.withUnsafeBytes { bytes in
      framing == .packets ? unsafe deliverPacket(bytes) : unsafe deliverBytes(bytes)
    }
  }

  private func deliverPacket(_ bytes: UnsafeRawBufferPointer) -> Delivery {
    let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
    let count = unsafe send(output, bytes.baseAddress, bytes.count, flags)
    return Delivery(droppedByteCount: count < 0 ? bytes.count : 0)
  }

  private func deliverBytes(_ bytes: UnsafeRawBufferPointer) -> Delivery {
    var rest = unsafe bytes[...]
    while true {
      let seen = room.value.load(ordering: .acquiring)
      let isBehind = backlog.withLock { backlog in
        if backlog.count == 0 { unsafe rest = rest.dropFirst(writeSome(rest)) }
        let room = max(0, Self.backlogLimit - backlog.count)
        unsafe backlog.bytes.append(contentsOf: rest.prefix(room))
        unsafe rest = rest.dropFirst(room)
        return backlog.count > 0
      }
      let left = unsafe rest.count
      if left == 0 || isOutputClosed { return Delivery(needsLoop: isBehind) }
      guard overflow == .wait, !abandoned.load(ordering: .relaxed) else {
        return Delivery(droppedByteCount: left, needsLoop: isBehind)
      }
      room.wait(while: seen, until: MonotonicTime.now.advanced(by: .milliseconds(50)))
    }
  }

  /// Writes what waits, as far as there is room outside.
  func flush() {
    backlog.withLock { backlog in
      unsafe backlog.bytes.withUnsafeBytes { bytes in
        let rest = unsafe bytes[backlog.start...]
        backlog.start += unsafe writeSome(rest)
      }
      if isOutputClosed || backlog.count == 0 {
        backlog.bytes.removeAll(keepingCapacity: true)
        backlog.start = 0
      } else if backlog.start >= Self.backlogLimit / 2 {
        backlog.bytes.removeFirst(backlog.start)
        backlog.start = 0
      }
    }
    announceRoom()
  }

  private func announceRoom() {
    room.value.wrappingAdd(1, ordering: .releasing)
    room.wake()
  }

  /// Writes as many of `bytes` as there is room for at once; returns how many.
  private func writeSome(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    var written = 0
    while unsafe written < bytes.count, !isOutputClosed {
      var request = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&request, 1, 0) > 0 else { break }
      let chunk = unsafe UnsafeRawBufferPointer(
        rebasing: bytes.dropFirst(written).prefix(Self.chunkByteCount))
      let count = unsafe write(output, chunk.baseAddress, chunk.count)
      if count > 0 {
        written += count
      } else if errno == EAGAIN || errno == EINTR {
        break
      } else {
        outputClosed.store(true, ordering: .relaxed)
      }
    }
    return written
  }
}

import Foundation
import RPMsg
import RPMsgBus
import SharedMemory
import WireTypes

/// A message to another process and back, when both sleep while they have nothing to do.
enum TwoProcesses {
  static let test = "proc_rtt_block"
  /// Bytes of the message that ends the second process.
  private static let lastByteCount = 8

  /// All forms of it.
  static func measure(_ settings: Settings, into figures: inout Figures) throws {
    let count = max(64, settings.messages / 10)
    figures.add(Limits.name, "proc_rtt_futex", 0, try futex(count))
    figures.add("swift-rpmsg", test, 64, try owner(count, byteCount: 64))
    figures.add("swift-rpmsgbus", test, 64, try bus(count, byteCount: 64))
  }

  /// Two words and nothing else.
  private static func futex(_ count: Int) throws -> Sample {
    let link = try SharedLink()
    let ours = FutexBell(link, at: FutexBell.driverOffset)
    let theirs = FutexBell(link, at: FutexBell.deviceOffset)
    return try withRemote("words", link, count) {
      for _ in 0..<count {
        let seen = ours.seen
        theirs.ring()
        while ours.seen == seen { ours.wait(seen) }
      }
    } end: {
    }
  }

  private static func owner(_ count: Int, byteCount: Int) throws -> Sample {
    let link = try SharedLink()
    let ours = FutexBell(link, at: FutexBell.driverOffset)
    let theirs = FutexBell(link, at: FutexBell.deviceOffset)
    var transmitter = try RPMsgDriverTransmitter(link.device)
    var receiver = try RPMsgDriverReceiver(link.device)
    _ = receiver.publish()
    let scratch = Scratch()
    let incoming = Scratch()
    let bytes = incoming.bytes
    func send(_ number: UInt64, byteCount: Int = byteCount) {
      do throws(RPMsgError) {
        try transmitter.enqueue(
          RawSpan(_unsafeBytes: scratch.message(number, byteCount: byteCount)),
          from: Addresses.driver, to: Addresses.device)
      } catch { fail(error) }
      if transmitter.publish() { theirs.ring() }
    }
    return try withRemote("rings", link, count) {
      for number in 0..<UInt64(count) {
        send(number)
        while true {
          let seen = ours.seen
          do throws(RPMsgError) {
            var target = MutableRawSpan(_unsafeBytes: bytes)
            let received = try receiver.receive(into: &target)
            if receiver.publish() { theirs.ring() }
            if received != nil { break }
          } catch { fail(error) }
          ours.wait(seen)
        }
        guard bytes.load(as: UInt64.self) == number & 15 else { fail(NoBuffer()) }
      }
    } end: {
      send(0, byteCount: lastByteCount)
    }
  }

  private static func bus(_ count: Int, byteCount: Int) throws -> Sample {
    let link = try SharedLink()
    let ours = FutexBell(link, at: FutexBell.driverOffset)
    let theirs = FutexBell(link, at: FutexBell.deviceOffset)
    let bus = try RPMsgHostBus(binding: link.device, doorbell: theirs)
    defer { bus.close() }
    let inbox = Placed(Inbox())
    let endpoint = try bus.makeEndpoint(
      at: Addresses.driver, remoteAddress: Addresses.device
    ) { _, _, payload in inbox.value.pointee.count(payload) }
    let scratch = Scratch()
    func send(_ number: UInt64, byteCount: Int = byteCount) {
      do throws(RPMsgBusError) {
        try endpoint.trySend(
          RawSpan(_unsafeBytes: scratch.message(number, byteCount: byteCount)))
      } catch { fail(error) }
    }
    let sample = try withRemote("rings", link, count) {
      for number in 0..<UInt64(count) {
        send(number)
        while true {
          let seen = ours.seen
          while bus.notified(bus.receiveNotifyID) {}
          if inbox.value.pointee.received > number { break }
          ours.wait(seen)
        }
      }
    } end: {
      send(0, byteCount: lastByteCount)
    }
    inbox.value.pointee.check(count)
    return sample
  }

  /// Runs `body` while this program serves `mode` of `link` in a second process.
  private static func withRemote(
    _ mode: String, _ link: SharedLink, _ count: Int, _ body: () -> Void, end: () -> Void
  ) throws -> Sample {
    let remote = Process()
    remote.executableURL = URL(fileURLWithPath: "/proc/self/exe")
    // The child's standard input is the memory.
    let copy = link.region.withFileDescriptor { dup($0) }
    remote.arguments = ["--remote", mode, String(count)]
    remote.standardInput = FileHandle(fileDescriptor: copy, closeOnDealloc: true)
    try remote.run()
    let start = Clock.now
    body()
    let time = Clock.now - start
    end()
    remote.waitUntilExit()
    guard remote.terminationStatus == 0 else { throw NoBuffer() }
    return Sample(nanoseconds: Double(time) / Double(count), switches: 0, probe: nil)
  }

  /// The second process.
  static func serve(_ mode: String, count: Int) throws {
    let link = try SharedLink(adopting: 0)
    let ours = FutexBell(link, at: FutexBell.deviceOffset)
    let theirs = FutexBell(link, at: FutexBell.driverOffset)
    if mode == "words" { return serveWords(ours, theirs, count) }
    var transmitter = RPMsgDeviceTransmitter(
      ring: try link.deviceRing(0), notifyID: NotifyID(rawValue: 0))
    var receiver = RPMsgDeviceReceiver(
      ring: try link.deviceRing(1), notifyID: NotifyID(rawValue: 1))
    let scratch = Scratch()
    let bytes = scratch.bytes
    while true {
      let seen = ours.seen
      var target = MutableRawSpan(_unsafeBytes: bytes)
      guard case .message(let header) = try receiver.receive(into: &target) else {
        ours.wait(seen)
        continue
      }
      if header.byteCount == lastByteCount { return }
      let payload = UnsafeRawBufferPointer(
        start: bytes.baseAddress, count: Int(header.byteCount))
      try transmitter.enqueue(
        RawSpan(_unsafeBytes: payload), from: header.destination, to: header.source)
      if transmitter.publish() { theirs.ring() }
      if receiver.publish() { theirs.ring() }
    }
  }

  /// Answers `count` rings of the word.
  private static func serveWords(_ ours: FutexBell, _ theirs: FutexBell, _ count: Int) {
    for answered in 0..<UInt32(count) {
      while ours.seen == answered { ours.wait(answered) }
      theirs.ring()
    }
  }
}

import RPMsg
import RPMsgBus
import SharedMemory
import WireTypes

/// The driver's end for many threads: `swift-rpmsgbus`.
struct BusEnd: MessageEnd, ~Copyable {
  private let bus: RPMsgHostBus
  private let endpoint: RPMsgEndpoint
  private let outgoing = Scratch()
  private let ours: Bell
  private let counted: Placed<Inbox>
  private var polls = false

  var inbox: Inbox { counted.value.pointee }

  /// Makes a bus, with `endpointCount` more endpoints than the one that is measured.
  init(_ link: SharedLink, ours: Bell, theirs: Bell, endpointCount: Int = 0) throws {
    var options = RPMsgBusOptions()
    options.dynamicAddressCount = max(1024, endpointCount + 64)
    let bus = try RPMsgHostBus(binding: link.device, doorbell: theirs, options: options)
    let counted = Placed(Inbox())
    let endpoint = try bus.makeEndpoint(at: Addresses.driver, remoteAddress: Addresses.device) {
      endpoint, _, payload in
      counted.value.pointee.count(payload)
      if counted.value.pointee.echoes {
        do throws(RPMsgBusError) { try endpoint.trySend(payload) } catch { fail(error) }
      }
    }
    for _ in 0..<endpointCount {
      _ = try bus.makeEndpoint(at: .any) { _, _, payload in counted.value.pointee.count(payload) }
    }
    self.bus = bus
    self.endpoint = endpoint
    self.ours = ours
    self.counted = counted
  }

  mutating func restart(echoes: Bool, polls: Bool) {
    counted.value.pointee = Inbox(echoes: echoes)
    self.polls = polls
  }

  mutating func send(_ number: UInt64, byteCount: Int) -> Bool {
    let bytes = outgoing.message(number, byteCount: byteCount)
    do throws(RPMsgBusError) {
      try endpoint.trySend(RawSpan(_unsafeBytes: bytes))
      return true
    } catch .wouldBlock {
      return false
    } catch { fail(error) }
  }

  mutating func send(batchFrom number: UInt64, count: Int, byteCount: Int) -> Int {
    let bytes = outgoing.messages(from: number, count: count, byteCount: byteCount)
    do throws(RPMsgBusError) {
      return try put(bytes, byteCount)
    } catch { fail(error) }
  }

  private func put(
    _ bytes: UnsafeRawBufferPointer, _ byteCount: Int
  ) throws(RPMsgBusError) -> Int {
    try endpoint.trySendBatch(RawSpan(_unsafeBytes: bytes), splitEvery: byteCount)
  }

  mutating func receive() {
    guard polls || ours.take() else { return }
    while bus.notified(bus.receiveNotifyID) {}
  }

  func close() { bus.close() }
}

import RPMsg
import SharedMemory
import Vring
import WireTypes

/// The end of the ring that we send through, in whichever virtio role; exactly one is there.
///
/// Behind pointers, which are reached in place: an optional ring would be moved out and back at
/// each call.
@safe
struct TransmitRing: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the ends are Sendable and move with this one owner.
  private let driver: UnsafeMutablePointer<RPMsgDriverTransmitter<SharedWindow>>?
  private let device: UnsafeMutablePointer<RPMsgDeviceTransmitter<SharedWindow>>?

  // SAFETY (all uses): made here, freed at the end, and reached only through this one owner.

  init(driver ring: consuming RPMsgDriverTransmitter<SharedWindow>) {
    let pointer = UnsafeMutablePointer<RPMsgDriverTransmitter<SharedWindow>>.allocate(capacity: 1)
    unsafe pointer.initialize(to: ring)
    unsafe driver = pointer
    unsafe device = nil
  }

  init(device ring: consuming RPMsgDeviceTransmitter<SharedWindow>) {
    let pointer = UnsafeMutablePointer<RPMsgDeviceTransmitter<SharedWindow>>.allocate(capacity: 1)
    unsafe pointer.initialize(to: ring)
    unsafe device = pointer
    unsafe driver = nil
  }

  deinit {
    unsafe driver?.deinitialize(count: 1).deallocate()
    unsafe device?.deinitialize(count: 1).deallocate()
  }

  /// Puts one message into a free buffer; `false` when there is none.
  mutating func enqueue(
    _ payload: RawSpan, from source: EndpointAddress, to destination: EndpointAddress
  ) throws(RPMsgError) -> Bool {
    do throws(RPMsgError) {
      if let driver = unsafe driver {
        try unsafe driver.pointee.enqueue(payload, from: source, to: destination)
      } else if let device = unsafe device {
        try unsafe device.pointee.enqueue(payload, from: source, to: destination)
      }
      return true
    } catch .noBuffer { return false } catch { throw error }
  }

  mutating func publishUnfenced() -> VringPublication? {
    if let driver = unsafe driver { return unsafe driver.pointee.publishUnfenced() }
    return unsafe device?.pointee.publishUnfenced()
  }

  /// Asks the other side to say when buffers come back; whether some have already.
  mutating func setNotifications(_ enabled: Bool) throws(RPMsgError) -> Bool {
    // In the device role a ring asks by itself as long as a buffer is missing.
    guard let driver = unsafe driver else { return enabled }
    return try unsafe driver.pointee.setNotifications(enabled)
  }
}

import RPMsg
import SharedMemory
import Vring

/// The end of the ring that we receive through, in whichever virtio role; exactly one is there.
///
/// Behind pointers for the same reason as ``TransmitRing``.
@safe
struct ReceiveRing: ~Copyable, @unchecked Sendable {
  // SAFETY (unchecked Sendable): the ends are Sendable and move with this one owner.
  private let driver: UnsafeMutablePointer<RPMsgDriverReceiver<SharedWindow>>?
  private let device: UnsafeMutablePointer<RPMsgDeviceReceiver<SharedWindow>>?

  // SAFETY (all uses): made here, freed at the end, and reached only through this one owner.

  init(driver ring: consuming RPMsgDriverReceiver<SharedWindow>) {
    let pointer = UnsafeMutablePointer<RPMsgDriverReceiver<SharedWindow>>.allocate(capacity: 1)
    unsafe pointer.initialize(to: ring)
    unsafe driver = pointer
    unsafe device = nil
  }

  init(device ring: consuming RPMsgDeviceReceiver<SharedWindow>) {
    let pointer = UnsafeMutablePointer<RPMsgDeviceReceiver<SharedWindow>>.allocate(capacity: 1)
    unsafe pointer.initialize(to: ring)
    unsafe device = pointer
    unsafe driver = nil
  }

  deinit {
    unsafe driver?.deinitialize(count: 1).deallocate()
    unsafe device?.deinitialize(count: 1).deallocate()
  }

  /// Takes the next message and copies its payload to `target`; `nil`: none is there.
  mutating func receive(into target: inout MutableRawSpan) throws(RPMsgError) -> RPMsgReceived? {
    if let driver = unsafe driver { return try unsafe driver.pointee.receive(into: &target) }
    return try unsafe device?.pointee.receive(into: &target) ?? nil
  }

  /// Messages copied out whose buffers the other side cannot see yet.
  var unpublishedCount: Int {
    if let driver = unsafe driver { return unsafe driver.pointee.unpublishedCount }
    return unsafe device?.pointee.unpublishedCount ?? 0
  }

  mutating func publish() -> Bool {
    if let driver = unsafe driver { return unsafe driver.pointee.publish() }
    return unsafe device?.pointee.publish() ?? false
  }

  mutating func publishUnfenced() -> VringPublication? {
    if let driver = unsafe driver { return unsafe driver.pointee.publishUnfenced() }
    return unsafe device?.pointee.publishUnfenced()
  }
}

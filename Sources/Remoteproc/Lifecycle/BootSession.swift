import SharedMemory
import WireTypes

/// What a boot has done so far, and thus what has to be undone.
struct BootSession {
  let options: BootOptions
  var bootAddress: DeviceAddress
  var isPrepared = false
  var isStarted = false
  /// Memory to give back, in the order it was given.
  var grants: [MemoryGrant] = []
  var carveouts: [Carveout] = []
  var traces: [TraceBuffer] = []
  var table: PublishedTable?
  var devices: [Vdev] = []
  var notices: [BootNotice] = []

  /// Bits of a device address that count when memory is looked up.
  var addressWidth: Int { options.profile.enforces(.segmentAddressWidth) ? 64 : 32 }
}

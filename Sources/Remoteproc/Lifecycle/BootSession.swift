import Coredump
import SharedMemory
import WireTypes

/// What a boot or an attach has done so far, and thus what has to be undone.
struct BootSession {
  let options: BootOptions
  /// What was booted, and is again after a crash; `nil` for firmware that ran already.
  let image: (any FirmwareFormat)?
  var userCount: UInt32 = 1
  /// What the processor sees; `nil` without an IOMMU.
  var domain: IOMMUDomain?
  /// What of it is ours to unmap, in the order it was mapped.
  var mapped: [IOMMUMapping] = []
  /// Device addresses that the image fixes; memory without an address of its own avoids them.
  var fixedRanges: [AddressRange<DeviceAddress>] = []
  var isPrepared = false
  /// Whether the platform has started, or taken over, the processor.
  var isStarted = false
  /// Sub-devices that are prepared, and of those the ones that are started: the first so many.
  var preparedSubdevices = 0
  var startedSubdevices = 0
  /// Memory to give back, in the order it was given.
  var grants: [MemoryGrant] = []
  /// Whether memory is zeroed only when segments are loaded, and then only beside them.
  var clearsWhenLoading = false
  /// Where an image lies that may lie anywhere; it comes behind the carveouts of the table.
  var placed: Carveout?
  var carveouts: [Carveout] = []
  var traces: [TraceBuffer] = []
  var table: PublishedTable?
  /// The table of firmware that ran already, as it was found.
  var cleanTable: [UInt8]?
  var devices: [Vdev] = []
  var notices: [BootNotice] = []
  /// What becomes of rules that the firmware breaks.
  var faults: FaultLog
  /// What the registers held when the processor crashed.
  var crashRegisters: ProcessorRegisters?

  /// A boot or an attach that has done nothing yet, or a check that goes on after faults.
  init(options: BootOptions, image: (any FirmwareFormat)?, isCollecting: Bool = false) {
    self.options = options
    self.image = image
    faults = FaultLog(isCollecting: isCollecting)
  }

  /// Whether the firmware ran already when we came.
  var isAttached: Bool { image == nil }

  /// Bits of a device address that count when memory is looked up.
  var addressWidth: Int { options.profile.addressWidth }
}

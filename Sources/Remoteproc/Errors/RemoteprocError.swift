public import Coredump
public import ELF
public import IntelHex
public import ResourceTable
public import SharedMemory
public import Virtio
public import WireTypes

/// Why a processor could not change its state.
///
/// Offsets are bytes from the start of the image or of the table; sizes are bytes.
public enum RemoteprocError: Error, Equatable, Sendable {
  /// Something that shares the device's address space with others.
  public enum Part: Equatable, Sendable {
    /// The carveout, ring or region of this name.
    case memory(WireName)
    /// The segment whose program header lies at this offset of the image.
    case segment(header: Int)
    /// The resource table.
    case table
    /// The trace buffer of this name.
    case trace(WireName)
  }

  /// What a user may say of an image.
  public enum ImageOption: String, Equatable, Sendable {
    /// Where it is loaded.
    case loadAddress = "load address"
    /// Where execution starts.
    case entry
  }

  /// A change of state that was asked for.
  public enum Transition: Equatable, Sendable {
    /// Loading and starting firmware.
    case boot
    /// Stopping, and giving everything back.
    case shutdown
    /// Taking over a processor that runs.
    case attach
    /// Leaving a processor that runs on.
    case detach
    /// Stopping the clock with everything kept.
    case suspend
    /// Letting the clock run again.
    case resume
    /// Starting again after a crash.
    case recover
    /// Choosing other firmware.
    case changeFirmware
    /// Removing the processor for good.
    case delete
    /// Finding out what a boot would come to.
    case check
    /// Dumping its memory.
    case dump
  }

  /// The state does not allow the change.
  case illegalTransition(Transition, from: ProcessorState)
  /// The firmware did not agree to what it was asked for.
  case notAcknowledged(RemoteRequest, RemoteAnswer)
  /// Something that lives on the processor could not be prepared or started.
  case subdevice(String, SubdeviceError)
  /// Nobody knows where the firmware that runs has its resource table.
  case noLoadedTable
  /// The table of firmware that runs lies where the host cannot read it.
  case loadedTableNotReadable(DeviceAddress, byteCount: UInt64)
  /// The memory could not be dumped.
  case coredump(CoredumpError)
  /// There is no firmware to start with.
  case noFirmware
  /// Firmware of this name could not be read; a positive `errno`.
  case firmware(name: String, errno: Int32)
  /// Firmware without a name was asked for.
  case emptyFirmwareName
  /// More users than can be counted.
  case tooManyUsers(UInt32)
  /// The image breaks a rule of its format.
  case image(ELFError)
  /// The image breaks a rule of Intel HEX.
  case hexFile(IntelHexError)
  /// The image has no bytes at all.
  case emptyImage
  /// Memory of the image ends outside the address space.
  case imageBeyondAddressSpace(da: DeviceAddress, byteCount: UInt64)
  /// Execution does not start in the image.
  case entryOutOfImage(DeviceAddress)
  /// An image of this format lies at fixed addresses.
  case notRelocatable(format: String)
  /// What an image of this format does not say, and nobody else said.
  case imageOptionMissing(ImageOption, format: FirmwareImage.Format)
  /// What an image of this format says itself, or has not.
  case imageOptionUnused(ImageOption, format: FirmwareImage.Format)
  /// The resource table breaks a rule of its format.
  case table(ResourceTableError)
  /// The platform failed.
  case platform(PlatformError)
  /// The host had no memory for its own copy of the table.
  case hostMemory(SharedMemoryError)
  /// The image has no resource table and must have one.
  case noResourceTable
  /// The resource table does not lie inside the image.
  case tableOutOfImage(offset: UInt64, byteCount: UInt64, imageByteCount: Int)
  /// A table with virtio devices is not in memory the remote sees.
  case tableNotVisible(da: DeviceAddress, byteCount: Int)
  /// A segment does not lie in one piece of memory the remote sees.
  case segmentNotInMemory(header: Int, da: DeviceAddress, byteCount: UInt64)
  /// Two entries claim the memory of one name; `offset` is that of the second.
  case duplicateCarveout(WireName, offset: Int)
  /// The memory of this name is too small for what is to lie in it.
  case carveoutTooSmall(WireName, needed: UInt64, available: UInt64)
  /// What is to lie in the memory of this name asks for a place outside it, or for a fixed one
  /// where the memory has none.
  case carveoutMismatch(WireName, da: DeviceAddress, carveout: DeviceAddress?)
  /// The platform gave memory elsewhere than the firmware insists on.
  case addressNotMet(WireName, requested: DeviceAddress, given: DeviceAddress)
  /// The memory given cannot be named in the 32 bits of a resource table.
  case addressNotExpressible(WireName, DeviceAddress)
  /// All that the firmware asks for is more than the policy allows.
  case carveoutBudget(needed: UInt64, limit: UInt64)
  /// Two parts share memory, from `address` on.
  case overlap(Part, Part, address: DeviceAddress)
  /// An IOMMU was demanded, and the platform has none.
  case noIOMMU
  /// Memory could not be mapped through the IOMMU.
  case iommu(IOMMUError)
  /// The memory of this name has no physical address that an IOMMU could be given.
  case notMappable(WireName)
  /// Device memory was asked for and there is no IOMMU to map it.
  case devmemWithoutIOMMU(offset: Int)
  /// Device memory was asked for that the policy does not list.
  case devmemNotAllowed(PhysicalAddress, byteCount: UInt64)
  /// A trace is empty, or not in memory the host can read.
  case badTrace(WireName, da: DeviceAddress?, byteCount: UInt64)
  /// There are more virtio devices than the policy allows.
  case tooManyDevices(limit: Int)
  /// The number of descriptors of a ring is not a power of two in `1...32768`.
  case badQueueSize(device: Int, vring: Int, count: UInt32)
  /// The alignment of a ring is not a power of two from 4 up, or its fixed address is not aligned.
  case badAlignment(device: Int, vring: Int, alignment: UInt32, da: DeviceAddress?)
  /// A ring of this size cannot be laid out; a wrapping sum would call it smaller than it is.
  case ringTooLarge(device: Int, vring: Int, needed: UInt64, available: UInt64)
  /// The first virtio device of a version 0 table is of another kind than the format knows.
  case unsupportedDevice(offset: Int, id: UInt32, deviceID: UInt32)
  /// A vring record of a version 0 table belongs to no device, has a bad number or comes twice.
  case badVringRecord(offset: Int, id: UInt32)
  /// The virtio device of this number could not be brought up.
  case device(Int, VirtioError)
  /// The platform does not accept a vendor's entry.
  case vendorEntryRefused(type: UInt32, errno: Int32)
}

import Coredump
import ELF
import IntelHex
import ResourceTable
import SharedMemory
import Virtio
import WireTypes

private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension RemoteprocError: CustomStringConvertible {
  /// One line for a person: what is wrong, where, and by how much.
  public var description: String {
    switch self {
    case .image(let error): "\(error)"
    case .hexFile(let error): "\(error)"
    case .emptyImage, .imageBeyondAddressSpace, .entryOutOfImage, .notRelocatable,
      .imageOptionMissing, .imageOptionUnused:
      imageDescription
    case .table(let error): "\(error)"
    case .platform(let error): "\(error)"
    case .hostMemory(let error): "\(error)"
    case .iommu(let error): "\(error)"
    case .device(let index, let error): "virtio device \(index): \(error)"
    case .illegalTransition(let transition, let state): "\(transition) not possible while \(state)"
    case .tooManyUsers(let count): "already \(count) users"
    case .notAcknowledged(let request, let answer): Self.text(request, answer)
    case .subdevice(let name, let error): "sub-device \(name): \(error)"
    case .coredump(let error): "\(error)"
    case .noFirmware: "no firmware to start"
    case .firmware(let name, let errno): "firmware \(name) cannot be read: errno \(errno)"
    case .emptyFirmwareName: "the name of the firmware is empty"
    case .noLoadedTable: "the running firmware's resource table is not known"
    case .loadedTableNotReadable(let da, let byteCount):
      "the running firmware's resource table (\(byteCount) bytes at da \(da)) cannot be read"
    case .vendorEntryRefused(let type, let errno):
      "vendor entry of type \(type) refused with errno \(errno)"
    case .noResourceTable, .tableOutOfImage, .tableNotVisible, .segmentNotInMemory, .overlap:
      placementDescription
    case .duplicateCarveout, .carveoutTooSmall, .carveoutMismatch, .addressNotMet,
      .addressNotExpressible, .carveoutBudget, .devmemWithoutIOMMU, .devmemNotAllowed, .badTrace,
      .noIOMMU, .notMappable:
      memoryDescription
    case .tooManyDevices, .badQueueSize, .badAlignment, .ringTooLarge, .unsupportedDevice,
      .badVringRecord:
      deviceDescription
    }
  }

  private static func text(_ request: RemoteRequest, _ answer: RemoteAnswer) -> String {
    switch answer {
    case .acknowledged: "firmware agreed to \(request)"
    case .refused: "firmware refused to \(request)"
    case .notListening: "firmware does not listen for requests to \(request)"
    case .timedOut: "firmware did not answer the request to \(request) in time"
    case .gone: "the processor ended before it answered the request to \(request)"
    }
  }

  private var imageDescription: String {
    switch self {
    case .emptyImage: "image is empty"
    case .imageBeyondAddressSpace(let da, let byteCount):
      "image of \(hex(byteCount)) bytes at da \(da) ends outside the address space"
    case .entryOutOfImage(let entry): "entry point \(entry) is not in the image"
    case .notRelocatable(let format): "\(format) image lies at fixed addresses"
    case .imageOptionMissing(let option, let format):
      "\(format.rawValue) image needs a \(option.rawValue)"
    case .imageOptionUnused(let option, let format):
      "\(format.rawValue) image takes no \(option.rawValue)"
    default: ""
    }
  }

  private var placementDescription: String {
    switch self {
    case .noResourceTable: "image has no resource table"
    case .tableOutOfImage(let offset, let byteCount, let imageByteCount):
      "resource table: \(byteCount) bytes at offset \(hex(offset)) "
        + "are not inside the image of \(imageByteCount) bytes"
    case .tableNotVisible(let da, let byteCount):
      "resource table with virtio devices (\(byteCount) bytes at da \(da)) "
        + "is in no memory the remote sees"
    case .segmentNotInMemory(let header, let da, let byteCount):
      "segment (header at \(hex(header))): \(hex(byteCount)) bytes at da \(da) "
        + "are in no carveout"
    case .overlap(let part, let other, let address):
      "\(part) and \(other) overlap at da \(address)"
    default: ""
    }
  }

  private var memoryDescription: String {
    switch self {
    case .duplicateCarveout(let name, let offset):
      "carveout \"\(name)\" at offset \(hex(offset)) is claimed already"
    case .carveoutTooSmall(let name, let needed, let available):
      "carveout \"\(name)\": \(hex(needed)) bytes needed, \(hex(available)) available"
    case .carveoutMismatch(let name, let da, let carveout):
      "carveout \"\(name)\" at da \(carveout.map(\.description) ?? "any") has no da \(da)"
    case .addressNotMet(let name, let requested, let given):
      "carveout \"\(name)\" must lie at da \(requested), the platform gives \(given)"
    case .addressNotExpressible(let name, let da):
      "carveout \"\(name)\" at da \(da) is beyond the 32 bits of a resource table"
    case .carveoutBudget(let needed, let limit):
      "firmware asks for \(hex(needed)) bytes of memory, \(hex(limit)) allowed"
    case .noIOMMU: "an IOMMU is demanded, the platform has none"
    case .notMappable(let name):
      "memory \"\(name)\" has no physical address, so that the IOMMU cannot map it"
    case .devmemWithoutIOMMU(let offset):
      "devmem at offset \(hex(offset)) needs an IOMMU, the platform has none"
    case .devmemNotAllowed(let pa, let byteCount):
      "devmem of \(hex(byteCount)) bytes at pa \(pa) is not allowed"
    case .badTrace(let name, let da, let byteCount):
      "trace \"\(name)\" (\(byteCount) bytes at da \(da.map(\.description) ?? "any")) "
        + "cannot be read"
    default: ""
    }
  }

  private var deviceDescription: String {
    switch self {
    case .tooManyDevices(let limit): "more than \(limit) virtio devices"
    case .badQueueSize(let device, let vring, let count):
      "vdev\(device)vring\(vring): \(count) descriptors (must be a power of two up to 32768)"
    case .badAlignment(let device, let vring, let alignment, let da):
      "vdev\(device)vring\(vring): alignment \(alignment) at da "
        + "\(da.map(\.description) ?? "any") (must be a power of two from 4 up, da at 16)"
    case .ringTooLarge(let device, let vring, let needed, let available):
      "vdev\(device)vring\(vring): \(hex(needed)) bytes needed, \(hex(available)) available"
    case .unsupportedDevice(let offset, let id, let deviceID):
      "virtio device \(id) of kind \(deviceID) at offset \(hex(offset)) (must be 0 of kind 7)"
    case .badVringRecord(let offset, let id): "vring \(id) at offset \(hex(offset)) has no device"
    default: ""
    }
  }
}

extension RemoteprocError.Part: CustomStringConvertible {
  /// What it is, for a person.
  public var description: String {
    switch self {
    case .memory(let name): "\"\(name)\""
    case .segment(let header): "segment (header at \(hex(header)))"
    case .table: "resource table"
    case .trace(let name): "trace \"\(name)\""
    }
  }
}

public import WireTypes

/// Why memory could not be mapped for a processor, or not unmapped.
public enum IOMMUError: Error, Equatable, Sendable {
  /// A page of so many bytes is not possible: below 4 KiB or no power of two; 0 for no size at all.
  case badPageSize(UInt64)
  /// A mapping, or what is to be unmapped, has no byte.
  case empty(DeviceAddress)
  /// An address or the length is no multiple of the smallest page, which has `pageByteCount` bytes.
  case misaligned(
    DeviceAddress, pa: PhysicalAddress?, byteCount: UInt64, pageByteCount: UInt64)
  /// The device addresses, or with `pa` the physical ones, go past the end of their space.
  case wraps(DeviceAddress, pa: PhysicalAddress?, byteCount: UInt64)
  /// The unit does not translate these addresses.
  case outsideAperture(DeviceAddress, byteCount: UInt64)
  /// Something is mapped already at this address, the lowest that both share.
  case alreadyMapped(DeviceAddress)
  /// Nothing is mapped at this address, which was to be unmapped.
  case notMapped(DeviceAddress)
  /// What is to be unmapped cuts the page of `pageByteCount` bytes at this address.
  case partialPage(DeviceAddress, pageByteCount: UInt64)
  /// So many bytes in a row are not free.
  case noAddress(byteCount: UInt64, alignment: UInt64)
}

extension IOMMUError: CustomStringConvertible {
  /// One line for a person: what is wrong, where, and by how much.
  public var description: String {
    switch self {
    case .badPageSize(let byteCount):
      "IOMMU pages of \(byteCount) bytes (must be a power of two from 4096 up)"
    case .empty(let da): "IOMMU mapping of 0 bytes at da \(da)"
    case .misaligned(let da, let pa, let byteCount, let page):
      "IOMMU: \(hex(byteCount)) bytes at da \(da)\(text(pa)) are not whole pages of \(hex(page))"
    case .wraps(let da, let pa, let byteCount):
      "IOMMU: \(hex(byteCount)) bytes at da \(da)\(text(pa)) go past the end of the address space"
    case .outsideAperture(let da, let byteCount):
      "IOMMU: \(hex(byteCount)) bytes at da \(da) are outside what the unit translates"
    case .alreadyMapped(let da): "IOMMU: da \(da) is mapped already"
    case .notMapped(let da): "IOMMU: nothing is mapped at da \(da)"
    case .partialPage(let da, let page):
      "IOMMU: the page of \(hex(page)) bytes at da \(da) cannot be unmapped in part"
    case .noAddress(let byteCount, let alignment):
      "IOMMU: no \(hex(byteCount)) free device addresses in a row, aligned to \(hex(alignment))"
    }
  }

  private func text(_ pa: PhysicalAddress?) -> String { pa.map { ", pa \($0)" } ?? "" }
  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}

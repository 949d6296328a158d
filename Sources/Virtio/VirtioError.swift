/// Why a virtio device cannot be used.
public enum VirtioError: Error, Equatable, Sendable {
  /// The device's entry ends before `needed` bytes; both numbers are bytes.
  case entryTruncated(needed: Int, available: Int)
  /// The device has no vring of this index.
  case noSuchVring(index: Int, count: Int)
  /// The status may not change like this.
  case illegalStatusChange(from: VirtioStatus, to: VirtioStatus)
  /// Features were accepted that the device does not offer.
  case featuresNotOffered(VirtioFeatures)
  /// Features were accepted that the 32-bit fields of the entry cannot carry.
  case featuresNotExpressible(VirtioFeatures)
  #if !hasFeature(Embedded)
  /// Bytes outside of the configuration space were asked for, which has `available` of them.
  case configOutOfRange(offset: Int, byteCount: Int, available: Int)
  /// The other side keeps changing these bytes of the configuration space.
  case configUnstable(offset: Int, byteCount: Int)
  #endif
}

#if !hasFeature(Embedded)
extension VirtioError: CustomStringConvertible {
  /// One line for a person: what is wrong, and by how much.
  public var description: String {
    switch self {
    case .entryTruncated(let needed, let available):
      "virtio device entry truncated: \(needed) bytes needed, \(available) available"
    case .noSuchVring(let index, let count): "no vring \(index), the device has \(count)"
    case .illegalStatusChange(let old, let new):
      "virtio status may not change from 0x\(String(old.rawValue, radix: 16))"
        + " to 0x\(String(new.rawValue, radix: 16))"
    case .featuresNotOffered(let features):
      "virtio features 0x\(String(features.rawValue, radix: 16)) were not offered"
    case .featuresNotExpressible(let features):
      "virtio features 0x\(String(features.rawValue, radix: 16)) do not fit into 32 bits"
    case .configOutOfRange(let offset, let byteCount, let available):
      "\(byteCount) bytes at \(offset) are not in the \(available) bytes of config space"
    case .configUnstable(let offset, let byteCount):
      "config space: \(byteCount) bytes at \(offset) change at each look"
    }
  }
}
#endif

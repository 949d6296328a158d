public import Virtio
public import WireTypes

/// Something odd that did not stop a boot.
public enum BootNotice: Equatable, Sendable {
  /// An entry of a type that nobody knows, at this offset of the table.
  case unknownEntry(type: UInt32, offset: Int)
  /// A vendor's entry that the platform does not know.
  case vendorEntryIgnored(type: UInt32, offset: Int)
  /// Memory lies elsewhere than the firmware insists on.
  case addressNotMet(WireName, requested: DeviceAddress, given: DeviceAddress)
  /// A trace that the host cannot read.
  case traceNotAvailable(WireName, da: DeviceAddress?)
  /// A virtio device that is left out, and why.
  case deviceDropped(index: Int, RemoteprocError)
  /// A virtio device whose driver cannot use it, and why.
  case deviceUseless(index: Int, RemoteprocError)
  /// A virtio device that an earlier host has left active; it was reset.
  case deviceWasActive(index: Int, status: VirtioStatus)
  /// Memory of the platform is made of usual pages, as the host has not enough huge ones.
  case hugePagesNotAvailable(memory: String)
}

extension BootNotice: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .unknownEntry(let type, let offset):
      "entry of unknown type \(type) at offset 0x\(String(offset, radix: 16)) ignored"
    case .vendorEntryIgnored(let type, let offset):
      "vendor entry of type \(type) at offset 0x\(String(offset, radix: 16)) ignored"
    case .addressNotMet(let name, let requested, let given):
      "carveout \"\(name)\" wants da \(requested), the platform gave \(given)"
    case .traceNotAvailable(let name, let da):
      "trace \"\(name)\" at da \(da.map(\.description) ?? "any") cannot be read"
    case .deviceDropped(let index, let error): "virtio device \(index) left out: \(error)"
    case .deviceUseless(let index, let error): "virtio device \(index) is useless: \(error)"
    case .hugePagesNotAvailable(let memory):
      "memory \"\(memory)\" is made of usual pages, the host has not enough huge ones"
    case .deviceWasActive(let index, let status):
      "virtio device \(index) was left with status 0x\(String(status.rawValue, radix: 16)), reset"
    }
  }
}

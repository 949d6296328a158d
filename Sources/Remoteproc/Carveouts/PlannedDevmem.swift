import ResourceTable
import WireTypes

/// Device memory that the policy lets the firmware have mapped.
struct PlannedDevmem {
  let name: WireName
  let mapping: IOMMUMapping

  /// Takes up an entry.
  ///
  /// "Any address" is none here: nobody would tell the firmware.
  init(_ resource: MemoryResource) {
    name = resource.name.terminated
    mapping = IOMMUMapping(
      da: resource.da ?? DeviceAddress(rawValue: UInt64(UInt32.max)), pa: resource.pa,
      byteCount: UInt64(resource.byteCount),
      protection: IOMMUProtection(tableFlags: resource.flags))
  }

  /// The addresses, unless they wrap.
  var range: AddressRange<DeviceAddress>? {
    AddressRange(start: mapping.da, byteCount: mapping.byteCount)
  }
}

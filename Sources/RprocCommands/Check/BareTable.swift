import ELF
import Remoteproc
import WireTypes

/// A resource table without an image around it.
struct BareTable: FirmwareFormat {
  /// The table.
  let bytes: [UInt8]

  /// `table`.
  var formatName: String { "table" }
  /// Nowhere that counts.
  var bootAddress: DeviceAddress { DeviceAddress(rawValue: 0) }
  /// None.
  var segmentCount: Int { 0 }

  /// Nothing to check.
  func check(_ profile: CompatibilityProfile, machine: ELFMachine?) throws(RemoteprocError) {}

  /// The file.
  func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable? {
    FirmwareTable(bytes: bytes, da: DeviceAddress(rawValue: 0), imageOffset: 0)
  }

  /// There is none.
  func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment? { nil }
}

public import ELF
public import IntelHex
public import WireTypes

/// Firmware in an Intel HEX file; it has no resource table.
public struct HexFirmware: FirmwareFormat {
  /// The file.
  public let file: IntelHexFile
  /// Where execution starts.
  public let bootAddress: DeviceAddress

  /// Reads a file; execution starts at `entry`, or where the file says.
  ///
  /// - Throws: ``RemoteprocError/hexFile(_:)``.
  public init(parsing bytes: [UInt8], entry: DeviceAddress? = nil) throws(RemoteprocError) {
    do throws(IntelHexError) { file = try IntelHexFile(parsing: bytes) } catch {
      throw .hexFile(error)
    }
    guard let start = entry ?? file.entry else { throw .hexFile(.noEntry) }
    bootAddress = start
  }

  /// `hex`.
  public var formatName: String { "hex" }
  /// The number of separate pieces of memory.
  public var segmentCount: Int { file.segments.count }
  /// It cannot.
  public var mayHoldTable: Bool { false }

  /// Checks, in the default profile, that execution starts inside the image.
  public func check(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) throws(RemoteprocError) {
    guard profile.enforces(.entryPoint) else { return }
    let isInside = file.segments.contains { segment in
      let range = AddressRange(start: segment.address, byteCount: UInt64(segment.byteCount))
      return range?.offset(of: bootAddress, byteCount: 1) != nil
    }
    guard isInside else { throw .entryOutOfImage(bootAddress) }
  }

  /// None.
  public func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable? { nil }

  /// A piece of memory, in the order of addresses.
  public func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment? {
    let segment = file.segments[index]
    return FirmwareSegment(
      headerOffset: segment.recordOffset, da: segment.address,
      byteCount: UInt64(segment.byteCount), contents: file.contents[segment.range])
  }
}

public import ELF
public import WireTypes

/// Firmware that is nothing but the bytes of its memory.
///
/// It says of itself neither where it goes nor where it starts, and has no resource table.
public struct BinaryFirmware: FirmwareFormat {
  /// The memory's bytes.
  public let bytes: [UInt8]
  /// Where the first byte goes.
  public let loadAddress: DeviceAddress
  /// Where execution starts.
  public let bootAddress: DeviceAddress

  /// Takes `bytes` to be loaded at `loadAddress`; execution starts at `entry`, or there as well.
  ///
  /// - Throws: ``RemoteprocError/emptyImage``, or
  ///   ``RemoteprocError/imageBeyondAddressSpace(da:byteCount:)``.
  public init(
    _ bytes: [UInt8], loadAddress: DeviceAddress, entry: DeviceAddress? = nil
  ) throws(RemoteprocError) {
    guard !bytes.isEmpty else { throw .emptyImage }
    guard AddressRange(start: loadAddress, byteCount: UInt64(bytes.count)) != nil else {
      throw .imageBeyondAddressSpace(da: loadAddress, byteCount: UInt64(bytes.count))
    }
    self.bytes = bytes
    self.loadAddress = loadAddress
    bootAddress = entry ?? loadAddress
  }

  /// `bin`.
  public var formatName: String { "bin" }
  /// One.
  public var segmentCount: Int { 1 }
  /// It cannot.
  public var mayHoldTable: Bool { false }

  /// Checks, in the default profile, that execution starts inside the image.
  public func check(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) throws(RemoteprocError) {
    let range = AddressRange(start: loadAddress, byteCount: UInt64(bytes.count))
    guard profile.enforces(.entryPoint), range?.offset(of: bootAddress, byteCount: 1) == nil
    else { return }
    throw .entryOutOfImage(bootAddress)
  }

  /// None.
  public func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable? { nil }

  /// All of it.
  public func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment? {
    FirmwareSegment(
      headerOffset: 0, da: loadAddress, byteCount: UInt64(bytes.count), contents: bytes[...])
  }
}

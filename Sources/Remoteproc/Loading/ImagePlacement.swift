public import WireTypes

/// How an image that may lie anywhere is put where it lies.
public enum ImageRelocation: String, CaseIterable, Equatable, Sendable {
  /// At any free address; what depends on the address is changed in the image before it is loaded.
  case loader
  /// At any free address as it is; its own first instructions do the rest.
  case itself = "self"
  /// At the addresses it was linked to.
  case none
}

/// The memory that an image wants for itself, at any address.
public struct ImagePlacement: Equatable, Sendable {
  /// Who changes what depends on the address.
  public let relocation: ImageRelocation
  /// Where the image was linked to; the displacement counts from here.
  public let start: DeviceAddress
  /// Bytes it takes; not 0.
  public let byteCount: UInt64
  /// What the address must be a multiple of; a power of two.
  public let alignment: UInt64

  /// Makes a placement.
  public init(
    relocation: ImageRelocation, start: DeviceAddress, byteCount: UInt64, alignment: UInt64
  ) {
    self.relocation = relocation
    self.start = start
    self.byteCount = byteCount
    self.alignment = alignment
  }
}

extension FirmwareFormat {
  /// Images of most formats can.
  public var mayHoldTable: Bool { true }

  /// Its addresses are fixed.
  ///
  /// - Throws: ``RemoteprocError/notRelocatable(format:)`` when `relocation` asks for anything else.
  public func placement(
    _ relocation: ImageRelocation?, _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> ImagePlacement? {
    guard relocation == nil || relocation == ImageRelocation.none else {
      throw .notRelocatable(format: formatName)
    }
    return nil
  }

  /// Stays as it is.
  public func moved(
    _ placement: ImagePlacement, to da: DeviceAddress
  ) throws(RemoteprocError) -> Self { self }
}

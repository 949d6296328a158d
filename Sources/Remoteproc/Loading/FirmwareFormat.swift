public import ELF
public import WireTypes

/// A format of firmware images, as the life cycle needs it.
///
/// An image is a private copy that nobody changes; every number in it may be wrong.
public protocol FirmwareFormat: Sendable {
  /// The name of the format, such as `ELF32`.
  var formatName: String { get }

  /// Where execution starts.
  var bootAddress: DeviceAddress { get }

  /// Whether the processor's addresses have 32 or 64 bits, as far as the format says; by default
  /// it does not.
  var elfClass: ELFClass? { get }

  /// How many segments may be asked for.
  var segmentCount: Int { get }

  /// Whether an image of this format can hold a resource table; one that cannot boots without.
  var mayHoldTable: Bool { get }

  /// Checks, before anything is powered or allocated, what `profile` demands of an image for
  /// `machine`; `nil` takes any machine.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``.
  func check(_ profile: CompatibilityProfile, machine: ELFMachine?) throws(RemoteprocError)

  /// All that ``check(_:machine:)`` objects to, in its order; by default the first.
  func faults(_ profile: CompatibilityProfile, machine: ELFMachine?) -> [RemoteprocError]

  /// The resource table and the address it is to be published at; `nil` when there is none.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``, or
  ///   ``RemoteprocError/tableOutOfImage(offset:byteCount:imageByteCount:)``.
  func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable?

  /// The segment at `index`, or `nil` when it occupies no memory.
  ///
  /// - Throws: ``RemoteprocError/image(_:)`` when its bytes are not inside the image.
  /// - Precondition: `0 <= index < segmentCount`.
  func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment?

  /// The memory that the image wants at any free address, or `nil` when its addresses are fixed.
  ///
  /// `relocation` is what the owner of the processor wants; `nil` leaves it to the image. By default
  /// addresses are fixed.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``, or ``RemoteprocError/notRelocatable(format:)``.
  func placement(
    _ relocation: ImageRelocation?, _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> ImagePlacement?

  /// The image with all its addresses moved so that `placement` starts at `da`.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``.
  /// - Precondition: `placement` is what ``placement(_:_:)`` gave, and `da` is aligned to it.
  func moved(_ placement: ImagePlacement, to da: DeviceAddress) throws(RemoteprocError) -> Self
}

extension FirmwareFormat {
  /// What ``check(_:machine:)`` throws, if anything.
  public func faults(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) -> [RemoteprocError] {
    do throws(RemoteprocError) {
      try check(profile, machine: machine)
      return []
    } catch { return [error] }
  }

  /// Not known.
  public var elfClass: ELFClass? { nil }
}

/// A resource table as an image holds it.
public struct FirmwareTable: Equatable, Sendable {
  /// A private copy of the table.
  public let bytes: [UInt8]
  /// Where the remote looks for it.
  public let da: DeviceAddress
  /// Where the bytes lie in the image; `nil` when they do not lie there in one piece.
  public let imageOffset: Int?

  /// Makes a table.
  public init(bytes: [UInt8], da: DeviceAddress, imageOffset: Int? = nil) {
    self.bytes = bytes
    self.da = da
    self.imageOffset = imageOffset
  }
}

/// A piece of an image and where it goes.
public struct FirmwareSegment: Equatable, Sendable {
  /// Where the image describes the segment; error messages name it.
  public let headerOffset: Int
  /// The address to load to.
  public let da: DeviceAddress
  /// Bytes in memory, not 0; those after `contents` are zero.
  public let byteCount: UInt64
  /// The first bytes, at most `byteCount`.
  public let contents: ArraySlice<UInt8>

  /// Makes a segment.
  public init(
    headerOffset: Int, da: DeviceAddress, byteCount: UInt64, contents: ArraySlice<UInt8>
  ) {
    self.headerOffset = headerOffset
    self.da = da
    self.byteCount = byteCount
    self.contents = contents
  }
}

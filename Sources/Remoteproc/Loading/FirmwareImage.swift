public import ELF
import IntelHex
public import WireTypes

/// Firmware in any of the formats that are known, told from the bytes or by the user.
///
/// An ELF file begins with its magic number, an Intel HEX file with a colon and digits. A raw binary
/// has no mark: it is taken for one when a load address is given.
public enum FirmwareImage: FirmwareFormat {
  /// ELF32 or ELF64.
  case elf(ELFFirmware)
  /// The bytes of memory, and nothing else.
  case binary(BinaryFirmware)
  /// Intel HEX.
  case hex(HexFirmware)

  /// A format by the name that users give.
  public enum Format: String, CaseIterable, Equatable, Sendable {
    /// ELF32 or ELF64.
    case elf
    /// A raw binary.
    case binary = "bin"
    /// Intel HEX.
    case hex
  }

  /// What a user says of an image that it does not say itself.
  public struct Options: Equatable, Sendable {
    /// The format; `nil` tells it from the bytes.
    public var format: Format?
    /// Where a raw binary is loaded.
    public var loadAddress: DeviceAddress?
    /// Where execution of a raw binary or of Intel HEX starts.
    public var entry: DeviceAddress?

    /// Makes options; without arguments the image says everything.
    public init(
      format: Format? = nil, loadAddress: DeviceAddress? = nil, entry: DeviceAddress? = nil
    ) {
      self.format = format
      self.loadAddress = loadAddress
      self.entry = entry
    }
  }

  /// Reads an image.
  ///
  /// - Throws: ``RemoteprocError`` of its format;
  ///   ``RemoteprocError/imageOptionMissing(_:format:)`` or
  ///   ``RemoteprocError/imageOptionUnused(_:format:)`` when `options` do not go with it.
  public init(parsing bytes: [UInt8], _ options: Options = Options()) throws(RemoteprocError) {
    let format =
      options.format ?? Self.format(of: bytes, hasLoadAddress: options.loadAddress != nil)
    if format != .binary, options.loadAddress != nil {
      throw .imageOptionUnused(.loadAddress, format: format)
    }
    switch format {
    case .elf:
      guard options.entry == nil else { throw .imageOptionUnused(.entry, format: format) }
      self = .elf(try ELFFirmware(parsing: bytes))
    case .hex: self = .hex(try HexFirmware(parsing: bytes, entry: options.entry))
    case .binary:
      guard let address = options.loadAddress else {
        throw .imageOptionMissing(.loadAddress, format: format)
      }
      self = .binary(
        try BinaryFirmware(bytes, loadAddress: address, entry: options.entry))
    }
  }

  /// The format that the first bytes show; without a mark ELF, whose reader says what is wrong,
  /// unless there is a load address.
  public static func format(of bytes: [UInt8], hasLoadAddress: Bool = false) -> Format {
    if bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) { return .elf }
    if IntelHexFile.canBegin(with: bytes) { return .hex }
    return hasLoadAddress ? .binary : .elf
  }

  /// The ELF file, for its symbols; `nil` in other formats.
  public var elfFile: ELFFile? {
    if case .elf(let firmware) = self { firmware.file } else { nil }
  }

  /// The name of the format, such as `ELF32`, `bin` or `hex`.
  public var formatName: String {
    switch self {
    case .elf(let firmware): firmware.formatName
    case .binary(let firmware): firmware.formatName
    case .hex(let firmware): firmware.formatName
    }
  }

  /// The class of an ELF image; other formats do not say.
  public var elfClass: ELFClass? {
    if case .elf(let firmware) = self { firmware.elfClass } else { nil }
  }

  /// Where execution starts.
  public var bootAddress: DeviceAddress {
    switch self {
    case .elf(let firmware): firmware.bootAddress
    case .binary(let firmware): firmware.bootAddress
    case .hex(let firmware): firmware.bootAddress
    }
  }

  /// How many segments may be asked for.
  public var segmentCount: Int {
    switch self {
    case .elf(let firmware): firmware.segmentCount
    case .binary(let firmware): firmware.segmentCount
    case .hex(let firmware): firmware.segmentCount
    }
  }

  /// Whether an image of this format can hold a resource table.
  public var mayHoldTable: Bool { elfFile != nil }

  /// Checks the image by the rules of its format.
  public func check(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) throws(RemoteprocError) {
    switch self {
    case .elf(let firmware): try firmware.check(profile, machine: machine)
    case .binary(let firmware): try firmware.check(profile, machine: machine)
    case .hex(let firmware): try firmware.check(profile, machine: machine)
    }
  }

  /// All that ``check(_:machine:)`` objects to, in its order.
  public func faults(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) -> [RemoteprocError] {
    switch self {
    case .elf(let firmware): firmware.faults(profile, machine: machine)
    case .binary(let firmware): firmware.faults(profile, machine: machine)
    case .hex(let firmware): firmware.faults(profile, machine: machine)
    }
  }

  /// The resource table of an ELF file.
  public func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable? {
    guard case .elf(let firmware) = self else { return nil }
    return try firmware.resourceTable(profile)
  }

  /// The segment at `index`.
  public func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment? {
    switch self {
    case .elf(let firmware): try firmware.segment(at: index)
    case .binary(let firmware): try firmware.segment(at: index)
    case .hex(let firmware): try firmware.segment(at: index)
    }
  }

  /// The memory that a position-independent ELF file wants.
  public func placement(
    _ relocation: ImageRelocation?, _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> ImagePlacement? {
    switch self {
    case .elf(let firmware): try firmware.placement(relocation, profile)
    case .binary(let firmware): try firmware.placement(relocation, profile)
    case .hex(let firmware): try firmware.placement(relocation, profile)
    }
  }

  /// A position-independent ELF file at another address.
  public func moved(
    _ placement: ImagePlacement, to da: DeviceAddress
  ) throws(RemoteprocError) -> FirmwareImage {
    guard case .elf(let firmware) = self else { return self }
    return .elf(try firmware.moved(placement, to: da))
  }
}

public import ELF
public import WireTypes

/// Firmware in an ELF image.
public struct ELFFirmware: FirmwareFormat {
  /// The section that holds the resource table.
  ///
  /// Source: practice (every loader uses this name).
  public static let tableSectionName = ".resource_table"

  /// Where an image that was moved lies.
  struct Movement {
    /// What is added to each address it was linked to, modulo 2^64.
    let displacement: UInt64
    /// The bytes of the file as they are there; of the same size.
    let bytes: [UInt8]
  }

  /// The image as it was read.
  public let file: ELFFile
  /// How it was moved; `nil` at its own addresses.
  private(set) var movement: Movement?

  /// Reads the header of an image.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``.
  public init(parsing bytes: [UInt8]) throws(RemoteprocError) {
    file = try Self.wrap { () throws(ELFError) in try ELFFile(parsing: bytes) }
  }

  /// `ELF32` or `ELF64`.
  public var formatName: String { file.elfClass == .elf32 ? "ELF32" : "ELF64" }
  /// The class of the image.
  public var elfClass: ELFClass? { file.elfClass }
  /// The entry point.
  public var bootAddress: DeviceAddress { moved(file.entry) }
  /// The number of program headers.
  public var segmentCount: Int { file.segmentCount }

  /// Checks the image: in every profile that tables lie inside the file and that there is
  /// something to load.
  public func check(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) throws(RemoteprocError) {
    if let fault = faults(profile, machine: machine).first { throw fault }
  }

  /// All that ``check(_:machine:)`` objects to, in its order.
  public func faults(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) -> [RemoteprocError] {
    var faults: [ELFError] = []
    func note(_ rule: () throws(ELFError) -> Void) {
      do throws(ELFError) { try rule() } catch { faults.append(error) }
    }
    note(file.checkSectionTableOffset)
    note(file.checkHasSegments)
    if profile.enforces(.imageIdentification) { faults += file.identificationFaults }
    if profile.enforces(.imageMachine), let machine {
      note { () throws(ELFError) in try file.checkMachine(machine) }
    }
    if profile.enforces(.segmentPlacement) {
      for segment in file.segments where segment.isLoadable {
        note { () throws(ELFError) in
          try file.checkExtent(of: segment)
          _ = try file.bytes(of: segment)
        }
      }
      faults += file.overlapFaults
    }
    // Without any segment the entry point is no fault of its own.
    if profile.enforces(.entryPoint), file.segmentCount > 0 { note(file.checkEntry) }
    return faults.map(RemoteprocError.image)
  }

  /// The bytes of the table section.
  public func resourceTable(
    _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> FirmwareTable? {
    let strictness: ELFStrictness = profile.enforces(.tableSection) ? .specification : .memorySafe
    let name = Self.tableSectionName
    let found = try Self.wrap { () throws(ELFError) in
      try file.section(named: name, strictness: strictness)
    }
    guard let section = found else { return nil }
    do throws(ELFError) {
      let bytes = try file.bytes(of: section, strictness: strictness)
      return FirmwareTable(
        bytes: Array(loaded(bytes)), da: moved(section.address), imageOffset: Int(section.offset))
    } catch .sectionOutOfFile(_, let offset, let byteCount, let imageByteCount) {
      throw .tableOutOfImage(
        offset: offset, byteCount: byteCount, imageByteCount: imageByteCount)
    } catch { throw .image(error) }
  }

  /// The segment of a program header that loads something.
  public func segment(at index: Int) throws(RemoteprocError) -> FirmwareSegment? {
    let segment = file.segment(at: index)
    guard segment.isLoadable else { return nil }
    let contents = try Self.wrap { () throws(ELFError) in try file.bytes(of: segment) }
    return FirmwareSegment(
      headerOffset: segment.headerOffset, da: loadAddress(of: segment),
      byteCount: segment.memoryByteCount, contents: loaded(contents))
  }

  /// Where a segment goes: code that may lie anywhere knows only the addresses it was linked to.
  private func loadAddress(of segment: ELFSegment) -> DeviceAddress {
    movement == nil ? segment.physicalAddress : moved(segment.virtualAddress)
  }

  private func moved(_ address: DeviceAddress) -> DeviceAddress {
    DeviceAddress(rawValue: address.rawValue &+ (movement?.displacement ?? 0))
  }

  /// The bytes that are loaded for a part of the file.
  private func loaded(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    movement.map { $0.bytes[part.indices] } ?? part
  }

  /// In the default profile a position-independent image goes to any free address; Linux has none.
  public func placement(
    _ relocation: ImageRelocation?, _ profile: CompatibilityProfile
  ) throws(RemoteprocError) -> ImagePlacement? {
    let isMoved = profile == .default && file.isPositionIndependent
    let chosen = relocation ?? (isMoved ? .loader : .none)
    guard chosen != .none else { return nil }
    let placement = try Self.wrap { () throws(ELFError) in try file.placement() }
    return ImagePlacement(
      relocation: chosen, start: placement.start, byteCount: placement.byteCount,
      alignment: placement.alignment)
  }

  /// The image at another address.
  public func moved(
    _ placement: ImagePlacement, to da: DeviceAddress
  ) throws(RemoteprocError) -> ELFFirmware {
    // The platform chose the address, so the image ends inside 64 bits; narrow ones are narrower.
    let last: UInt64 = file.elfClass == .elf32 ? UInt64(UInt32.max) : .max
    let (end, overflow) = da.rawValue.addingReportingOverflow(placement.byteCount - 1)
    guard !overflow, end <= last else {
      throw .imageBeyondAddressSpace(da: da, byteCount: placement.byteCount)
    }
    let displacement = da.rawValue &- placement.start.rawValue
    var result = self
    result.movement = Movement(
      displacement: displacement,
      bytes: placement.relocation == .loader
        ? try Self.wrap { () throws(ELFError) in try file.relocatedBytes(by: displacement) }
        : file.bytes)
    return result
  }

  private static func wrap<Result>(
    _ body: () throws(ELFError) -> Result
  ) throws(RemoteprocError) -> Result {
    do throws(ELFError) { return try body() } catch { throw .image(error) }
  }
}

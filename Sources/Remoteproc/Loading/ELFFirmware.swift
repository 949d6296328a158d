public import ELF
public import WireTypes

/// Firmware in an ELF image.
public struct ELFFirmware: FirmwareFormat {
  /// The section that holds the resource table.
  ///
  /// Source: practice (every loader uses this name).
  public static let tableSectionName = ".resource_table"

  /// The image.
  public let file: ELFFile

  /// Reads the header of an image.
  ///
  /// - Throws: ``RemoteprocError/image(_:)``.
  public init(parsing bytes: [UInt8]) throws(RemoteprocError) {
    file = try Self.wrap { () throws(ELFError) in try ELFFile(parsing: bytes) }
  }

  /// `ELF32` or `ELF64`.
  public var formatName: String { file.elfClass == .elf32 ? "ELF32" : "ELF64" }
  /// The entry point.
  public var bootAddress: DeviceAddress { file.entry }
  /// The number of program headers.
  public var segmentCount: Int { file.segmentCount }

  /// Checks the image: in every profile that tables lie inside the file and that there is
  /// something to load.
  public func check(
    _ profile: CompatibilityProfile, machine: ELFMachine?
  ) throws(RemoteprocError) {
    try Self.wrap { () throws(ELFError) in
      try file.checkSectionTableOffset()
      try file.checkHasSegments()
      if profile.enforces(.imageIdentification) { try file.checkIdentification() }
      if profile.enforces(.imageMachine), let machine { try file.checkMachine(machine) }
      if profile.enforces(.segmentPlacement) { try checkPlacement() }
      if profile.enforces(.entryPoint) { try file.checkEntry() }
    }
  }

  private func checkPlacement() throws(ELFError) {
    for segment in file.segments where segment.isLoadable {
      try file.checkExtent(of: segment)
      _ = try file.bytes(of: segment)
    }
    try file.checkOverlap()
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
      return FirmwareTable(bytes: Array(bytes), da: section.address)
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
      headerOffset: segment.headerOffset, da: segment.physicalAddress,
      byteCount: segment.memoryByteCount, contents: contents)
  }

  private static func wrap<Result>(
    _ body: () throws(ELFError) -> Result
  ) throws(RemoteprocError) -> Result {
    do throws(ELFError) { return try body() } catch { throw .image(error) }
  }
}

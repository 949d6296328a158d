import ResourceTable
import WireTypes

// Memory for an image that may lie anywhere.
extension RemoteProcessor where Platform: ~Copyable {
  /// The name of that memory.
  private static var placedName: WireName { WireName("image" as StaticString) }

  /// The image as it is to be loaded: itself, or moved to memory that is taken for it here.
  mutating func place<Image: FirmwareFormat>(
    _ image: Image, _ session: inout BootSession
  ) throws(RemoteprocError) -> Image {
    do throws(RemoteprocError) { return try placed(image, &session) } catch {
      try session.faults.report(error)
      // Addresses of an image without a place mean nothing.
      session.faults.loseEntries()
      return image
    }
  }

  private mutating func placed<Image: FirmwareFormat>(
    _ image: Image, _ session: inout BootSession
  ) throws(RemoteprocError) -> Image {
    let options = session.options
    guard let placement = try image.placement(options.relocation, options.profile) else {
      return image
    }
    let limit = platform.policy.maximumCarveoutByteCount
    guard placement.byteCount <= limit else {
      throw .carveoutBudget(needed: placement.byteCount, limit: limit)
    }
    session.fixedRanges = fixedRanges(of: image, options)
    if session.domain == nil { platform.reserve(session.fixedRanges) }
    let memory = PlannedMemory(
      name: Self.placedName, da: nil, byteCount: placement.byteCount,
      alignment: max(placement.alignment, DeviceMemoryPool.pageByteCount), purpose: .image)
    let grant = try grant(memory, &session)
    guard grant.da.rawValue & (placement.alignment - 1) == 0 else {
      throw .platform(
        .invalidRequest(byteCount: placement.byteCount, alignment: placement.alignment))
    }
    session.placed = Carveout(
      name: Self.placedName, da: grant.da, pa: grant.pa, flags: 0, purpose: .image,
      holdsVring: false, window: grant.window)
    return try image.moved(placement, to: grant.da)
  }

  /// Addresses that the table of an image fixes whatever its place, so that the image keeps away.
  ///
  /// Addresses that move with the image are taken for fixed ones, too, which does no harm. What is
  /// wrong with the table is told when it is read for good.
  private func fixedRanges(
    of image: some FirmwareFormat, _ options: BootOptions
  ) -> [AddressRange<DeviceAddress>] {
    var ranges: [AddressRange<DeviceAddress>] = []
    do throws(RemoteprocError) {
      guard let table = try image.resourceTable(options.profile) else { return [] }
      let isStrict = options.profile.enforces(.tableLayout)
      let source = try TableSource(table, version: options.tableVersion ?? (isStrict ? nil : .v1))
      let count = min(source.reader.entryCount, platform.policy.maximumEntryCount)
      for index in 0..<count {
        let entry = try source.entry(at: index)
        switch entry.resource {
        case .carveout(let memory), .devmem(let memory):
          guard let da = memory.da else { continue }
          ranges += [AddressRange(start: da, byteCount: UInt64(memory.byteCount))].compactMap(
            \.self)
        case .vdev(let device):
          for ring in 0..<Int(device.vringCount) {
            ranges += [Self.fixedRange(of: try source.vring(at: ring, of: entry))]
              .compactMap(\.self)
          }
        default: continue
        }
      }
    } catch {}
    return ranges
  }

  private static func fixedRange(of ring: VringResource) -> AddressRange<DeviceAddress>? {
    guard let da = ring.da,
      let size = RingSize.byteCount(count: ring.count, alignment: ring.alignment)
    else { return nil }
    return AddressRange(start: da, byteCount: size)
  }
}

import ARMv7MCore
import RISCVCore
import SharedMemory
import WireTypes

extension ChipConfiguration {
  private static let pageByteCount: UInt64 = 4096

  /// Refuses parts that do not fit together.
  func check() throws(ChipError) {
    guard frequencyInHertz > 0 else { throw .noClock }
    // The IOMMU of a chip is one in front of a RISC-V core.
    guard core == .rv32imac || translated == nil else { throw .noIOMMU }
    var taken: [AddressRange<DeviceAddress>] = []
    if let translated {
      try Self.place(translated.start, translated.byteCount, in: &taken)
    }
    var onBus: [AddressRange<PhysicalAddress>] = []
    for region in memory {
      if let da = region.da {
        try Self.place(da, region.byteCount, in: &taken)
      } else if translated == nil {
        throw .unreachable(name: region.name)
      }
      try Self.placeOnBus(region, in: &onBus)
    }
    var kinds: [ChipDeviceKind] = []
    for device in devices {
      try Self.place(device.da, UInt64(device.kind.byteCount), in: &taken)
      guard !kinds.contains(where: { Self.isSameKind($0, device.kind) }) else {
        throw .duplicateDevice(da: device.da)
      }
      kinds.append(device.kind)
    }
  }

  private static func isSameKind(_ first: ChipDeviceKind, _ second: ChipDeviceKind) -> Bool {
    switch (first, second) {
    case (.doorbell, .doorbell), (.clint, .clint): true
    default: false
    }
  }

  private static func placeOnBus(
    _ region: Memory, in taken: inout [AddressRange<PhysicalAddress>]
  ) throws(ChipError) {
    guard region.pa.rawValue % pageByteCount == 0, region.byteCount % pageByteCount == 0,
      region.byteCount > 0, let range = AddressRange(start: region.pa, byteCount: region.byteCount)
    else { throw .badBusAddress(region.pa, byteCount: region.byteCount) }
    if let other = taken.first(where: { $0.overlaps(range) }) {
      throw .overlapOnBus(other.start, region.pa)
    }
    taken.append(range)
  }

  private static func place(
    _ da: DeviceAddress, _ byteCount: UInt64, in taken: inout [AddressRange<DeviceAddress>]
  ) throws(ChipError) {
    guard da.rawValue % pageByteCount == 0, byteCount % pageByteCount == 0, byteCount > 0 else {
      throw .misaligned(da: da, byteCount: byteCount)
    }
    guard da.rawValue <= UInt32.max, byteCount <= (1 << 32) - da.rawValue,
      let range = AddressRange(start: da, byteCount: byteCount)
    else { throw .outsideAddressSpace(da: da, byteCount: byteCount) }
    if let other = taken.first(where: { $0.overlaps(range) }) { throw .overlap(other.start, da) }
    taken.append(range)
  }

  /// RAM for each region.
  ///
  /// - Precondition: ``check()`` passed.
  func makeMemory() throws(ChipError) -> [SimulatedChip.Memory] {
    var regions: [SimulatedChip.Memory] = []
    for part in memory {
      do throws(SharedMemoryError) {
        let region = try SharedRegion(
          byteCount: Int(clamping: part.byteCount), hugePages: part.hugePages)
        guard
          let window = region.window.window(at: 0, byteCount: part.byteCount),
          let onBus = AddressRange(start: part.pa, byteCount: part.byteCount)
        else { preconditionFailure("a region is as large as it was asked for") }
        let range = part.da.flatMap { AddressRange(start: $0, byteCount: part.byteCount) }
        regions.append(
          SimulatedChip.Memory(
            name: part.name, range: range, onBus: onBus, window: window, region: region))
      } catch {
        throw .memory(name: part.name, error)
      }
    }
    return regions
  }
}

extension ChipParts {
  /// The shared parts of a chip with `configuration`, which was checked.
  init(_ configuration: ChipConfiguration, sink: ChipSink) {
    lines =
      configuration.core == .rv32imac
      ? .riscv(RISCVInterruptLines()) : .arm(ARMv7MInterruptLines())
    frequencyInHertz = configuration.frequencyInHertz
    vectorRanges = configuration.memory.compactMap { memory in
      memory.da.flatMap { AddressRange(start: $0, byteCount: memory.byteCount) }
    }
    var raisesExternal = false
    var hasTimer = false
    for device in configuration.devices {
      switch device.kind {
      case .doorbell(let external): raisesExternal = external
      case .clint: hasTimer = true
      }
    }
    doorbell = DoorbellDevice(lines, raisesExternal: raisesExternal)
    map = DeviceMap(configuration.devices)
    self.hasTimer = hasTimer
    self.sink = sink
    counters = ChipCounters()
  }
}

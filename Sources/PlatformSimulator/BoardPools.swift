import Boards
import Remoteproc
import SimulatedSoC
import WireTypes

/// The memory of a board, handed out piece by piece, and the regions that are set aside in it.
///
/// Without an IOMMU pieces have the addresses that the core sees, else those of the bus.
struct BoardPools {
  private struct Pool {
    var pool: DeviceMemoryPool
    let range: AddressRange<DeviceAddress>
    let givesCarveouts: Bool
  }

  private var pools: [Pool]
  private(set) var regions: [MemoryRegion] = []
  private let hasIOMMU: Bool

  /// Pools for the memory of `chip`, which was made from `board`.
  init(_ board: Board, _ chip: SimulatedChip) throws(SimulatorError) {
    hasIOMMU = board.iommu != nil
    pools = zip(board.memory, chip.memory).compactMap { [hasIOMMU] part, memory in
      // The bus is as good as any address space for memory that the core does not see by itself.
      let base = hasIOMMU ? DeviceAddress(rawValue: part.pa.rawValue) : part.da
      guard let base, let range = AddressRange(start: base, byteCount: part.byteCount) else {
        return nil
      }
      return Pool(
        pool: DeviceMemoryPool(
          base: base, physicalBase: part.pa, memory: memory.window,
          placement: hasIOMMU ? .packed : .identity),
        range: range, givesCarveouts: part.holdsCarveouts)
    }
    // Those with an address first, so that others do not take it.
    let hasPlace = { [hasIOMMU] (region: BoardRegion) in !hasIOMMU || region.pa != nil }
    for region in board.regions where hasPlace(region) { regions.append(try setAside(region)) }
    for region in board.regions where !hasPlace(region) { regions.append(try setAside(region)) }
  }

  private mutating func setAside(_ region: BoardRegion) throws(SimulatorError) -> MemoryRegion {
    let name = WireName(region.name as String)
    let place = hasIOMMU ? region.pa.map { DeviceAddress(rawValue: $0.rawValue) } : region.da
    do throws(PlatformError) {
      let grant = try allocate(
        MemoryRequest(name: name, da: place, byteCount: region.byteCount, purpose: .carveout),
        anywhere: place != nil)
      return MemoryRegion(
        name: name, da: region.da, pa: grant.pa, window: grant.window)
    } catch { throw .region(name: region.name, error) }
  }

  mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) {
    for index in pools.indices { pools[index].pool.reserve(ranges) }
  }

  /// Gives memory; with `anywhere` also such as is not for carveouts.
  mutating func allocate(
    _ request: MemoryRequest, anywhere: Bool = false
  ) throws(PlatformError) -> MemoryGrant {
    var failure: PlatformError?
    for index in pools.indices where isCandidate(pools[index], for: request, anywhere) {
      do throws(PlatformError) {
        return try pools[index].pool.allocate(request)
      } catch {
        failure = Self.better(failure, error)
      }
    }
    if let failure { throw failure }
    guard let da = request.da else { throw .outOfMemory(needed: request.byteCount, available: 0) }
    throw .addressNotAvailable(da, byteCount: request.byteCount)
  }

  mutating func release(_ grant: MemoryGrant) {
    for index in pools.indices where pools[index].range.contains(grant.da) {
      pools[index].pool.release(grant)
    }
  }

  private func isCandidate(
    _ pool: Pool, for request: MemoryRequest, _ anywhere: Bool
  ) -> Bool {
    guard pool.givesCarveouts || anywhere else { return false }
    return request.da.map(pool.range.contains) ?? true
  }

  /// Of two refusals the one that says more: the larger piece that could be had.
  private static func better(_ first: PlatformError?, _ second: PlatformError) -> PlatformError {
    guard case .outOfMemory(_, let one)? = first, case .outOfMemory(_, let other) = second else {
      return first ?? second
    }
    return one >= other ? first ?? second : second
  }
}

extension AddressRange {
  fileprivate func contains(_ address: Address) -> Bool {
    offset(of: address, byteCount: 1) != nil
  }
}

import ResourceTable
import WireTypes

extension ResourcePlan {
  /// A piece of the device's address space.
  private struct Piece {
    let part: RemoteprocError.Part
    let range: AddressRange<DeviceAddress>
  }

  /// Checks that memory with fixed addresses does not overlap other such memory, and that neither
  /// a segment nor the table lies in rings or message buffers.
  func checkOverlap(
    segments: [(header: Int, range: AddressRange<DeviceAddress>)],
    table: AddressRange<DeviceAddress>?, _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    guard profile.enforces(.resourceOverlap) else { return }
    let buffers = Set(devices.map(\.bufferName))
    var all = devmem.compactMap { item in
      item.range.map { Piece(part: .memory(item.name), range: $0) }
    }
    var exclusive: [Piece] = []
    for item in memory.items {
      guard let range = item.fixedRange, range.byteCount > 0 else { continue }
      let piece = Piece(part: .memory(item.name), range: range)
      all.append(piece)
      if item.holdsVring || buffers.contains(item.name) { exclusive.append(piece) }
    }
    try Self.checkDisjoint(all, &faults)
    for piece in exclusive {
      for segment in segments where segment.range.overlaps(piece.range) {
        try faults.report(
          Self.overlap(
            piece, Piece(part: .segment(header: segment.header), range: segment.range)))
      }
      if let table, table.overlaps(piece.range) {
        try faults.report(Self.overlap(piece, Piece(part: .table, range: table)))
      }
    }
    try checkTraces(exclusive, table: table, &faults)
  }

  /// Checks that what the remote writes as its log lies neither in rings and message buffers nor
  /// over the table.
  private func checkTraces(
    _ exclusive: [Piece], table: AddressRange<DeviceAddress>?, _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    let others = exclusive + (table.map { [Piece(part: .table, range: $0)] } ?? [])
    for trace in traces {
      guard let da = trace.da,
        let range = AddressRange(start: da, byteCount: UInt64(trace.byteCount))
      else { continue }
      let piece = Piece(part: .trace(trace.name.terminated), range: range)
      for other in others where other.range.overlaps(range) {
        try faults.report(Self.overlap(piece, other))
      }
    }
  }

  /// Takes time in the order of n log n; each piece is compared with the one before it that
  /// reaches furthest.
  private static func checkDisjoint(
    _ pieces: [Piece], _ faults: inout FaultLog
  ) throws(RemoteprocError) {
    let sorted = pieces.sorted { $0.range.start < $1.range.start }
    guard var furthest = sorted.first else { return }
    for next in sorted.dropFirst() {
      if furthest.range.overlaps(next.range) { try faults.report(overlap(furthest, next)) }
      if !furthest.range.contains(next.range) { furthest = next }
    }
  }

  private static func overlap(_ piece: Piece, _ other: Piece) -> RemoteprocError {
    .overlap(piece.part, other.part, address: max(piece.range.start, other.range.start))
  }
}

import WireTypes

/// Device addresses that are taken care of, and what is not.
struct AddressCoverage {
  /// First and last addresses, sorted, never overlapping.
  private var taken: [(first: UInt64, last: UInt64)] = []

  /// The parts of `range` that nothing has taken, which then are taken; lowest first.
  mutating func take(
    _ range: AddressRange<DeviceAddress>
  ) -> [AddressRange<DeviceAddress>] {
    guard range.byteCount > 0 else { return [] }
    let last = range.start.rawValue + (range.byteCount - 1)
    var first = range.start.rawValue
    var index = firstIndex(endingAtOrAfter: first)
    let start = index
    var free: [(first: UInt64, last: UInt64)] = []
    while index < taken.count, taken[index].first <= last {
      if first < taken[index].first { free.append((first, taken[index].first - 1)) }
      index += 1
      guard taken[index - 1].last < last else { return finish(free, at: start) }
      first = taken[index - 1].last + 1
    }
    free.append((first, last))
    return finish(free, at: start)
  }

  private mutating func finish(
    _ free: [(first: UInt64, last: UInt64)], at index: Int
  ) -> [AddressRange<DeviceAddress>] {
    // New pieces lie between the old ones from `index` on: merge the two sorted runs.
    var position = index
    for piece in free {
      while position < taken.count, taken[position].first < piece.first { position += 1 }
      taken.insert(piece, at: position)
    }
    return free.compactMap { piece in
      AddressRange(
        start: DeviceAddress(rawValue: piece.first),
        byteCount: (piece.last - piece.first).addingReportingOverflow(1).partialValue)
    }
  }

  private func firstIndex(endingAtOrAfter address: UInt64) -> Int {
    var low = 0
    var high = taken.count
    while low < high {
      let middle = (low + high) / 2
      if taken[middle].last < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

import WireTypes

/// Notify ids of one processor: the lowest free one, from 0.
struct NotifyIDPool {
  private var taken: [Bool] = []
  /// No id below is free.
  private var lowest = 0

  mutating func take() -> NotifyID {
    let index = taken[lowest...].firstIndex(of: false) ?? taken.count
    if index == taken.count { taken.append(true) } else { taken[index] = true }
    lowest = index + 1
    // Bounded by two rings for each device of a bounded table.
    return NotifyID(rawValue: UInt32(index))
  }

  mutating func release(_ id: NotifyID) {
    guard id.rawValue < taken.count else { return }
    taken[Int(id.rawValue)] = false
    lowest = min(lowest, Int(id.rawValue))
  }
}

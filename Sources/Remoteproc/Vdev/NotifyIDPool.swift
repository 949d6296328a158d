import WireTypes

/// Notify ids of one processor: the lowest free one, from 0.
struct NotifyIDPool {
  private var taken: [Bool] = []

  mutating func take() -> NotifyID {
    let index = taken.firstIndex(of: false) ?? taken.count
    if index == taken.count { taken.append(true) } else { taken[index] = true }
    // Bounded by two rings for each device of a bounded table.
    return NotifyID(rawValue: UInt32(index))
  }

  mutating func release(_ id: NotifyID) {
    guard id.rawValue < taken.count else { return }
    taken[Int(id.rawValue)] = false
  }
}

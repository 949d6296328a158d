#if !hasFeature(Embedded)
extension SharedWindow {
  /// Windows that are told apart; with more of them all is cleared, which is right as well.
  private static var distinctWindowLimit: Int { 256 }

  /// Zeroes this window but for what lies in one of `windows`, whose owner writes all of them next.
  ///
  /// Windows on other memory, and parts of one that lie outside, do not count.
  public func clear(except windows: [SharedWindow]) {
    var written: [Range<Int>] = []
    if windows.count <= Self.distinctWindowLimit {
      written = windows.compactMap(intersection).sorted { $0.lowerBound < $1.lowerBound }
    }
    var position = 0
    for range in written {
      if range.lowerBound > position {
        fill(from: position, count: range.lowerBound - position, with: 0)
      }
      position = max(position, range.upperBound)
    }
    fill(from: position, count: byteCount - position, with: 0)
  }

  /// What of `other` lies in this window, in offsets of this one.
  private func intersection(_ other: SharedWindow) -> Range<Int>? {
    let start = unsafe UInt(bitPattern: base)
    let otherStart = unsafe UInt(bitPattern: other.base)
    // Both are mapped, so neither end wraps.
    let first = max(start, otherStart)
    let end = min(start + UInt(byteCount), otherStart + UInt(other.byteCount))
    return first < end ? Int(first - start)..<Int(end - start) : nil
  }
}
#endif

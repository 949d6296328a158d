extension SharedWindow {
  /// Zeroes all bytes.
  ///
  /// Whole pages of a ``SharedRegion`` go back to the system until they are touched again, so that
  /// memory which nobody uses costs nothing, however large it is.
  public func clear() {
    #if !hasFeature(Embedded)
    if let owner, byteCount > 0 {
      let start = unsafe owner.offset(of: base)
      return owner.clear(start..<(start + byteCount))
    }
    #endif
    fill(from: 0, count: byteCount, with: 0)
  }

  /// The first bytes from `offset` on that may not be zero, up to the next that were never touched;
  /// `nil` when all up to the end is untouched, and thus zero.
  ///
  /// Who looks through large memory touches, and thereby makes the system find room for, no more
  /// than others have. The other side may touch more at any moment.
  ///
  /// - Precondition: `0 <= offset <= byteCount`.
  public func nextPopulatedRange(from offset: Int) -> Range<Int>? {
    precondition(offset >= 0 && offset <= byteCount, "an offset in the window")
    guard offset < byteCount else { return nil }
    #if !hasFeature(Embedded)
    if let owner {
      let start = unsafe owner.offset(of: base)
      guard let found = owner.nextPopulated((start + offset)..<(start + byteCount)) else {
        return nil
      }
      return (found.lowerBound - start)..<(found.upperBound - start)
    }
    #endif
    return offset..<byteCount
  }
}

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
      if range.lowerBound > position { clear(from: position, to: range.lowerBound) }
      position = max(position, range.upperBound)
    }
    clear(from: position, to: byteCount)
  }

  private func clear(from start: Int, to end: Int) {
    window(at: UInt64(start), byteCount: UInt64(end - start))?.clear()
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

import SharedMemory

/// The log of the firmware, in the buffer that the resource table announces.
///
/// A ring of text whose last byte stays 0; start-up code has set it to zero. A newline ends each
/// line.
public enum Trace {
  // SAFETY: one core without interrupt handlers, and the exception handler never goes back to a
  // writer it may have interrupted.
  nonisolated(unsafe) private static var position = 0

  /// Ends a line, which its literal has written.
  public static func line(_ line: TraceLine) { put(UInt8(ascii: "\n")) }

  /// Writes text.
  static func write(_ text: StaticString) {
    // SAFETY: the text of a static string lives for ever.
    unsafe write(text.utf8Start, text.utf8CodeUnitCount)
  }

  // Not inlined, like the others below: there are many lines, and none is in a hurry.
  @inline(never)
  private static func write(_ start: UnsafePointer<UInt8>, _ count: Int) {
    for index in 0..<count {
      // SAFETY: `index` is below the number of code units.
      put(unsafe start[index])
    }
  }

  /// Writes `value` in decimal or hexadecimal.
  @inline(never)
  static func write(_ value: UInt32, radix: UInt32) {
    var divisor: UInt32 = 1
    while value / divisor >= radix { divisor &*= radix }
    while divisor > 0 {
      let digit = UInt8(truncatingIfNeeded: value / divisor % radix)
      put(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
      divisor /= radix
    }
  }

  @inline(never)
  private static func put(_ byte: UInt8) {
    let memory = MemoryMap.trace
    // SAFETY: as above.
    unsafe memory.store(byte, at: position)
    let next = unsafe position &+ 1
    unsafe position = next < memory.byteCount &- 1 ? next : 0
  }
}

import SharedMemory

/// The log of the firmware, in the buffer that the resource table announces.
///
/// A ring of text whose last byte stays 0; start-up code has set it to zero. A newline ends each
/// line.
public enum Trace {
  // SAFETY: one core without interrupt handlers, and the exception handler never goes back to a
  // writer it may have interrupted.
  nonisolated(unsafe) private static var position = 0

  /// Writes one line and its newline.
  public static func line(_ line: TraceLine) {
    let memory = MemoryMap.trace
    for index in 0..<line.byteCount { put(line.bytes[index], into: memory) }
    put(UInt8(ascii: "\n"), into: memory)
  }

  private static func put(_ byte: UInt8, into memory: SharedWindow) {
    // SAFETY: as above.
    unsafe memory.store(byte, at: position)
    let next = unsafe position &+ 1
    unsafe position = next < memory.byteCount &- 1 ? next : 0
  }
}

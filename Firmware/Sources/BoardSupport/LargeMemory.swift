/// The memory for large messages that the resource table of `LargeTable` sets aside: 1 MiB.
public enum LargeMemory {
  /// Bytes of it.
  public static var byteCount: Int { 1 << 20 }

  /// All of it; only one user at a time, as there is one core without interrupt handlers.
  public static func withBytes<Result>(_ body: (inout MutableRawSpan) -> Result) -> Result {
    // SAFETY: the carveout lies there, and nobody but the caller touches it.
    let buffer = unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: MemoryMap.largeStart), count: byteCount)
    var bytes = unsafe buffer.mutableBytes
    return body(&bytes)
  }
}

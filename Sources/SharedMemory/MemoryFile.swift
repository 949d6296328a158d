#if !hasFeature(Embedded) && os(Linux)
import CLinux

/// A sealed memory file and where it is mapped, on its way into a ``SharedRegion``.
@unsafe
struct MemoryFile {
  let base: UnsafeMutableRawPointer
  let descriptor: Int32
  let byteCount: Int
  let pageByteCount: Int

  /// Makes a zeroed file of `byteCount` bytes, rounded up to whole pages, and maps it.
  init(byteCount: Int, hugePages: Bool) throws(SharedMemoryError) {
    let file = unsafe hugePages ? rproc_memfd_create_huge("rproc") : rproc_memfd_create("rproc")
    guard file >= 0 else { throw .system(.create, errno: rproc_errno()) }
    let standard = SharedRegion.standardPageByteCount
    // Files of usual pages may name a size that only promises speed.
    let page = hugePages ? max(Int(rproc_page_size(file)), standard) : standard
    let rounded = (byteCount + page - 1) / page * page
    guard ftruncate(file, rounded) == 0, rproc_seal_size(file) == 0 else {
      let errno = rproc_errno()
      close(file)
      throw .system(.resize, errno: errno)
    }
    unsafe try self.init(mapping: file, byteCount: rounded, pageByteCount: page)
  }

  /// Maps `file`, which is closed when that fails.
  init(
    mapping file: Int32, byteCount: Int,
    pageByteCount: Int = SharedRegion.standardPageByteCount
  ) throws(SharedMemoryError) {
    let mapped = unsafe rproc_map_shared(file, byteCount)
    guard let mapped = unsafe mapped else {
      let errno = rproc_errno()
      close(file)
      throw .system(.map, errno: errno)
    }
    unsafe base = mapped
    unsafe descriptor = file
    unsafe self.byteCount = byteCount
    unsafe self.pageByteCount = pageByteCount
  }
}
#endif

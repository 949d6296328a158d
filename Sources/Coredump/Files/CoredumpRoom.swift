import CLinux
import Glibc
import Scheduling

/// Keeps the dumps of a folder within their quota while one is being written.
final class CoredumpRoom: Sendable {
  private let folder: Int32
  private let quota: CoredumpFolder.Quota
  /// Other dumps, oldest first.
  private let dumps: Guarded<[CoredumpListing.Dump]>

  init(folder: Int32, quota: CoredumpFolder.Quota, dumps: [CoredumpListing.Dump]) {
    self.folder = folder
    self.quota = quota
    self.dumps = Guarded(dumps)
  }

  /// Removes the oldest dumps until there is one less than the quota allows.
  func makeForOneMore() throws(CoredumpError) {
    try removeOldest { $0.count >= max(1, self.quota.maximumCount) }
  }

  /// Removes the oldest dumps until `byteCount` more bytes are within the quota.
  func make(for byteCount: UInt64) throws(CoredumpError) {
    let limit = quota.maximumByteCount
    guard byteCount <= limit else { throw .quotaExceeded(needed: byteCount, limit: limit) }
    try removeOldest { Self.byteCount($0) > limit - byteCount }
  }

  /// Removes the oldest dumps until all are within the quota; never the one that is named.
  func trim(keeping name: String) throws(CoredumpError) {
    let quota = quota
    try removeOldest { dumps in
      guard dumps.first?.name != name else { return false }
      return dumps.count > max(1, quota.maximumCount)
        || Self.byteCount(dumps) > quota.maximumByteCount
    }
  }

  private static func byteCount(_ dumps: [CoredumpListing.Dump]) -> UInt64 {
    // Sizes of real files: the sum fits.
    dumps.reduce(0) { $0 + $1.byteCount }
  }

  private func removeOldest(
    while isTooMuch: ([CoredumpListing.Dump]) -> Bool
  ) throws(CoredumpError) {
    while true {
      let oldest: String? = dumps.withLock { dumps in
        guard !dumps.isEmpty, isTooMuch(dumps) else { return nil }
        return dumps.removeFirst().name
      }
      guard let oldest else { return }
      guard !isBeingWritten(oldest) else { continue }
      if unsafe unlinkat(folder, oldest, 0) != 0, rproc_errno() != ENOENT {
        throw .system(.remove, errno: rproc_errno(), offset: nil)
      }
    }
  }

  /// Whether another process writes the dump `name` at the moment: it holds the file's lock.
  private func isBeingWritten(_ name: String) -> Bool {
    guard name.hasSuffix(CoredumpListing.partialSuffix) else { return false }
    let file = unsafe openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_EX | LOCK_NB) != 0
  }
}

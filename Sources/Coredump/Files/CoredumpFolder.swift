import CLinux
import Glibc

/// A folder that dumps are written to; the oldest make room for new ones.
///
/// A dump gets a name of ours, `PREFIX-YYYYMMDDTHHMMSS.UUUUUUZ.core` in UTC, and the mode 0600. Until
/// it is complete it is called `...core.partial`; one that cannot be completed is removed. Files
/// that others own, or that are named otherwise, are left alone and do not count.
///
/// Any thread may use it; one dump after the other.
public final class CoredumpFolder: Sendable {
  /// How much of the disk dumps may take.
  public struct Quota: Equatable, Sendable {
    /// Dumps that are kept, at least 1.
    public var maximumCount: Int
    /// Bytes on disk of all dumps together.
    public var maximumByteCount: UInt64

    /// Makes a quota; 10 dumps and 1 GiB unless said otherwise.
    public init(maximumCount: Int = 10, maximumByteCount: UInt64 = 1 << 30) {
      self.maximumCount = maximumCount
      self.maximumByteCount = maximumByteCount
    }
  }

  /// The path of the folder.
  public let path: String
  /// What the names of dumps begin with.
  public let prefix: String
  /// How much of the disk dumps may take.
  public let quota: Quota
  private let folder: Int32

  /// Opens a folder, and makes it (mode 0700) when it is not there.
  ///
  /// The folder itself must not be a symbolic link.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - prefix: letters, digits, `.`, `_` and `-`, at most 64, not beginning with `.`; each
  ///     processor that uses the folder has one of its own.
  ///   - quota: how much of the disk dumps may take.
  /// - Throws: ``CoredumpError/badName(_:)`` or ``CoredumpError/system(_:errno:offset:)``.
  public init(
    path: String, prefix: String, quota: Quota = Quota()
  ) throws(CoredumpError) {
    guard Self.isGoodPrefix(prefix) else { throw .badName(prefix) }
    if unsafe mkdir(path, 0o700) != 0, rproc_errno() != EEXIST {
      throw .system(.openFolder, errno: rproc_errno(), offset: nil)
    }
    folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0 else { throw .system(.openFolder, errno: rproc_errno(), offset: nil) }
    self.path = path
    self.prefix = prefix
    self.quota = quota
  }

  deinit { close(folder) }

  private static func isGoodPrefix(_ prefix: String) -> Bool {
    !prefix.isEmpty && prefix.utf8.count <= 64 && !prefix.hasPrefix(".")
      && prefix.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Writes a dump with `body`; old dumps make room for it.
  ///
  /// - Returns: what `body` returned, and the path of the dump.
  /// - Throws: ``CoredumpError``; then nothing of the dump is left.
  public func write(
    _ body: (inout CoredumpFileSink) throws(CoredumpError) -> CoredumpReport
  ) throws(CoredumpError) -> (report: CoredumpReport, path: String) {
    let room = CoredumpRoom(
      folder: folder, quota: quota,
      dumps: try CoredumpListing.dumps(in: folder, prefix: prefix))
    try room.makeForOneMore()
    let (name, report) = try NewCoredumpFile.write(
      in: folder, names: { attempt in Self.name(prefix, attempt) }, room: room, body)
    // Blocks of the file system may take more than was counted.
    let kept = CoredumpRoom(
      folder: folder, quota: quota,
      dumps: try CoredumpListing.dumps(in: folder, prefix: prefix))
    try kept.trim(keeping: name)
    return (report, path.hasSuffix("/") ? path + name : path + "/" + name)
  }

  /// The paths of the complete dumps, oldest first.
  ///
  /// - Throws: ``CoredumpError/system(_:errno:offset:)``.
  public func dumps() throws(CoredumpError) -> [String] {
    try CoredumpListing.dumps(in: folder, prefix: prefix)
      .filter { !$0.isPartial }.map { "\(path)/\($0.name)" }
  }

  /// The name of a dump that begins now; `attempt` makes it another one.
  private static func name(_ prefix: String, _ attempt: Int) -> String {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let microseconds = now.tv_nsec / 1000 + attempt
    var seconds = now.tv_sec + microseconds / 1_000_000
    // SAFETY: a plain structure of numbers that the call fills; its text pointer is not used.
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    let date = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday]
    let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
    return prefix + "-" + date.map(digits).joined() + "T" + time.map(digits).joined() + "."
      + digits(microseconds % 1_000_000, 6) + "Z" + CoredumpListing.suffix
  }

  private static func digits(_ value: Int32) -> String { digits(Int(value), 2) }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}

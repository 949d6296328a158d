import CLinux
import Glibc

/// A dump in a file that did not exist before.
public enum NewCoredumpFile {
  /// How many names are tried.
  private static let maximumAttemptCount = 1000

  /// Writes a dump with `body` to a new file at `path`.
  ///
  /// Nothing is ever overwritten, and the last part of the path is never followed as a link. The
  /// file has the mode 0600.
  ///
  /// - Throws: ``CoredumpError``; then nothing of the dump is left.
  public static func write(
    path: String,
    _ body: (inout CoredumpFileSink) throws(CoredumpError) -> CoredumpReport
  ) throws(CoredumpError) -> CoredumpReport {
    let (folderPath, name) = try split(path)
    let folder = unsafe open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system(.openFolder, errno: rproc_errno(), offset: nil) }
    defer { close(folder) }
    return try write(
      in: folder, names: { attempt in attempt == 0 ? name : nil }, room: nil, body
    ).report
  }

  private static func split(
    _ path: String
  ) throws(CoredumpError) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", try checked(path)) }
    let folder = path[..<slash]
    let name = try checked(String(path[path.index(after: slash)...]))
    return (folder.isEmpty ? "/" : String(folder), name)
  }

  private static func checked(_ name: String) throws(CoredumpError) -> String {
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(0) else {
      throw .badName(name)
    }
    return name
  }

  /// Writes a dump under the first of `names` that is free.
  static func write(
    in folder: Int32, names: (_ attempt: Int) -> String?, room: CoredumpRoom?,
    _ body: (inout CoredumpFileSink) throws(CoredumpError) -> CoredumpReport
  ) throws(CoredumpError) -> (name: String, report: CoredumpReport) {
    let (file, name) = try create(in: folder, names)
    defer { close(file) }
    let partial = name + CoredumpListing.partialSuffix
    do throws(CoredumpError) {
      var sink = CoredumpFileSink(file: file, room: room)
      let report = try body(&sink)
      try publish(partial, as: name, in: folder)
      return (name, report)
    } catch {
      // The first error says more than one of the removal.
      unsafe unlinkat(folder, partial, 0)
      throw error
    }
  }

  /// Gives a finished dump its name, which must still be free.
  private static func publish(
    _ partial: String, as name: String, in folder: Int32
  ) throws(CoredumpError) {
    if unsafe rproc_rename_new(folder, partial, name) == 0 { return }
    // File systems that cannot do that in one step, such as NFS, have links.
    guard rproc_errno() == EINVAL, unsafe linkat(folder, partial, folder, name, 0) == 0,
      unsafe unlinkat(folder, partial, 0) == 0
    else { throw .system(.rename, errno: rproc_errno(), offset: nil) }
  }

  /// A new empty file, locked, under its name for the time of writing.
  private static func create(
    in folder: Int32, _ names: (_ attempt: Int) -> String?
  ) throws(CoredumpError) -> (file: Int32, name: String) {
    for attempt in 0..<maximumAttemptCount {
      guard let name = names(attempt) else { break }
      // The name must still be free at the end, which is checked again then.
      guard unsafe faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else { continue }
      let file = unsafe openat(
        folder, name + CoredumpListing.partialSuffix,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if file >= 0 {
        // Who removes old dumps leaves this one alone.
        flock(file, LOCK_EX | LOCK_NB)
        return (file, name)
      }
      guard rproc_errno() == EEXIST else {
        throw .system(.create, errno: rproc_errno(), offset: nil)
      }
    }
    throw .system(.create, errno: EEXIST, offset: nil)
  }
}

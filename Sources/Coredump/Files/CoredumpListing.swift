import CLinux
import Glibc

/// The dumps in a folder.
enum CoredumpListing {
  /// What names of dumps end with.
  static let suffix = ".core"
  /// What is added while a dump is not complete.
  static let partialSuffix = ".partial"

  /// A file in the folder.
  struct Dump: Equatable {
    let name: String
    /// Bytes on disk.
    let byteCount: UInt64

    var isPartial: Bool { name.hasSuffix(CoredumpListing.partialSuffix) }
  }

  /// Our own dumps of `prefix`, complete or not, oldest first.
  static func dumps(in folder: Int32, prefix: String) throws(CoredumpError) -> [Dump] {
    var dumps: [Dump] = []
    for name in try names(in: folder) where isDump(name, prefix) {
      var status = stat()
      // What is gone meanwhile is no dump; symbolic links are not followed.
      guard unsafe fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else { continue }
      dumps.append(Dump(name: name, byteCount: UInt64(status.st_blocks) * 512))
    }
    return dumps.sorted { $0.name < $1.name }
  }

  /// Whether `name` is the prefix, a date, and an end of ours: a longer prefix is another one.
  private static func isDump(_ name: String, _ prefix: String) -> Bool {
    guard name.hasPrefix(prefix + "-") else { return false }
    var date = name.dropFirst(prefix.count + 1)
    if date.hasSuffix(partialSuffix) { date = date.dropLast(partialSuffix.count) }
    guard date.hasSuffix("Z" + suffix) else { return false }
    let digits = date.dropLast(suffix.count + 1)
    return digits.count == 22
      && digits.allSatisfy { ("0"..."9").contains($0) || $0 == "T" || $0 == "." }
  }

  private static func names(in folder: Int32) throws(CoredumpError) -> [String] {
    // A description of its own, as a listing has a position.
    let copy = unsafe openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw .system(.list, errno: rproc_errno(), offset: nil) }
    guard let stream = unsafe fdopendir(copy) else {
      let code = rproc_errno()
      close(copy)
      throw .system(.list, errno: code, offset: nil)
    }
    // Closes the descriptor as well.
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // SAFETY: the kernel ends the name with a NUL, and the entry lives until the next call.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    return names
  }
}

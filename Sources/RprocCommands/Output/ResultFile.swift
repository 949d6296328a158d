import Foundation

/// A file that a command makes: complete under its name, or not there at all.
struct ResultFile {
  /// Where it is to be.
  let path: String

  /// Writes `bytes` to a temporary file beside it, and gives that its name.
  ///
  /// What had the name before is replaced, but for `input`, unless `mayReplaceInput`.
  ///
  /// - Parameters:
  ///   - bytes: all of the file.
  ///   - input: what was read.
  ///   - mayReplaceInput: whether the user wants the input itself to be changed.
  ///   - inheritsRights: whether the file gets the access rights of `input`.
  /// - Throws: ``ResultFileError``.
  func write(
    _ bytes: [UInt8], input: String?, mayReplaceInput: Bool = false, inheritsRights: Bool
  ) throws(ResultFileError) {
    var mode: mode_t = 0o666
    if let input, let source = Self.status(of: input) {
      if inheritsRights { mode = source.st_mode & 0o777 }
      if let target = Self.status(of: path), target.st_dev == source.st_dev,
        target.st_ino == source.st_ino, !mayReplaceInput
      {
        throw .isInput(path: path)
      }
    }
    // Through symbolic links, so that a link to the file stays one.
    let target = Self.resolved(path)
    let temporary = "\(target).\(getpid()).tmp"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw .system(.create, path: path, errno: errno) }
    let code = Self.writeAll(bytes, to: file)
    let closed = close(file) == 0 ? 0 : errno
    guard code == 0, closed == 0 else {
      unsafe unlink(temporary)
      throw .system(.write, path: path, errno: code == 0 ? closed : code)
    }
    guard unsafe rename(temporary, target) == 0 else {
      let code = errno
      unsafe unlink(temporary)
      throw .system(.rename, path: path, errno: code)
    }
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  private static func resolved(_ path: String) -> String {
    guard let found = unsafe realpath(path, nil) else { return path }
    // SAFETY: realpath gives a string of its own, which is freed here and not used after.
    defer { unsafe free(found) }
    return unsafe String(cString: found)
  }

  /// Writes everything to the disk; 0, or the `errno` of what failed.
  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let count = unsafe bytes[offset...].withUnsafeBytes { rest in
        // SAFETY: the kernel reads at most the bytes of the buffer.
        unsafe Foundation.write(file, rest.baseAddress, rest.count)
      }
      if count < 0, errno != EINTR { return errno }
      if count > 0 { offset += count }
    }
    return fsync(file) == 0 ? 0 : errno
  }
}

/// Why a file was not made.
enum ResultFileError: Error, Equatable, Sendable {
  /// What was being done.
  enum Operation: String, Equatable, Sendable {
    case create, write, rename
  }

  /// The system refused with this `errno`.
  case system(Operation, path: String, errno: Int32)
  /// The file was read as input, and is not to be changed.
  case isInput(path: String)
}

extension ResultFileError: CustomStringConvertible {
  /// One line for a person: the path and what was wrong.
  var description: String {
    switch self {
    case .system(let operation, let path, let errno):
      "\(SafeText.escaped(path)): cannot \(operation.rawValue): \(systemMessage(errno))"
    case .isInput(let path):
      "\(SafeText.escaped(path)): is the input, which only --in-place changes"
    }
  }
}

extension Failure {
  /// A result that could not be written.
  init(_ error: ResultFileError) {
    let status: CommandStatus = if case .isInput = error { .usage } else { .outputFailed }
    self.init(error, status: status)
  }
}

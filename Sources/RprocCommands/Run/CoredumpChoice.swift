import ArgumentParser
import Coredump
import FirmwareFiles
import Foundation
import Remoteproc

/// Where `--coredump` says that dumps go.
struct CoredumpChoice {
  /// What is done at a crash.
  let policy: CoredumpPolicy

  /// Opens the folder, or sees that there is no file of this name yet, before anything is booted.
  ///
  /// A path is a folder when it is one or ends with a slash.
  ///
  /// - Throws: ``Failure``.
  init(path: String, form: CoredumpForm) throws(Failure) {
    let subject = "--coredump \(path)"
    let target: CoredumpTarget
    if Self.isFolder(path) {
      do throws(CoredumpError) {
        target = .folder(try CoredumpFolder(path: path, prefix: "rproc"))
      } catch { throw Failure(error, about: subject, status: .usage) }
    } else {
      guard unsafe faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else {
        throw Failure(
          kind: "Coredump.fileExists",
          message: "\(SafeText.escaped(subject)): the file exists; name another, or a folder",
          status: .usage)
      }
      target = .file(path: path)
    }
    policy = CoredumpPolicy(
      mode: .inline, target: target, options: CoredumpOptions(form: form))
  }

  private static func isFolder(_ path: String) -> Bool {
    if path.hasSuffix("/") { return true }
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// The forms of dumps by the names that users give.
enum CoredumpFormArgument: String, CaseIterable, ExpressibleByArgument {
  case elf
  case linux
  case sections

  /// The form.
  var form: CoredumpForm {
    switch self {
    case .elf: .elf
    case .linux: .linux
    case .sections: .sections
    }
  }
}

extension LoadedImage {
  /// What a dump says of the image.
  var facts: [CoredumpFacts.Fact] {
    let now = Date().formatted(.iso8601)
    return [
      CoredumpFacts.Fact("time", now), CoredumpFacts.Fact("image", file.name),
      CoredumpFacts.Fact("sha256", SHA256(of: file.bytes).hex),
    ]
  }
}

import CLinux
import Glibc

/// A pseudo-terminal whose user end has a name of our choice.
///
/// It is raw: bytes pass unchanged, nothing is echoed. The user end is kept open here too, so that
/// a user who leaves does not end it.
struct PseudoTerminal: ~Copyable, Sendable {
  /// Our end.
  let master: Descriptor
  /// The name the system gave the user's end.
  let name: String
  private let user: Descriptor
  private let link: String

  /// Makes a terminal, and at `link` a symbolic link to its user end.
  ///
  /// A link of that name that leads nowhere, as a killed process leaves it, is replaced.
  init(link: String) throws(BridgeError) {
    guard let master = Descriptor(owning: rproc_open_terminal()),
      let name = Self.unlock(master.number),
      let user = Descriptor(owning: unsafe open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)),
      Self.makeRaw(user.number), fcntl(master.number, F_SETFL, O_RDWR | O_NONBLOCK) == 0
    else { throw .system(.openTerminal, path: "", errno: errno) }
    try Self.makeLink(to: name, at: link)
    self.master = master
    self.user = user
    self.name = name
    self.link = link
  }

  deinit {
    // Only if it is still ours.
    if Self.target(of: link) == name { _ = unsafe unlink(link) }
  }

  private static func unlock(_ master: Int32) -> String? {
    var bytes = [CChar](repeating: 0, count: 128)
    guard unsafe rproc_unlock_terminal(master, &bytes, bytes.count - 1) == 0 else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func makeRaw(_ user: Int32) -> Bool {
    var settings = termios()
    guard unsafe tcgetattr(user, &settings) == 0 else { return false }
    unsafe cfmakeraw(&settings)
    return unsafe tcsetattr(user, TCSANOW, &settings) == 0
  }

  private static func makeLink(to name: String, at link: String) throws(BridgeError) {
    if unsafe symlink(name, link) == 0 { return }
    guard errno == EEXIST else { throw .system(.link, path: link, errno: errno) }
    guard target(of: link) != nil, unsafe access(link, F_OK) != 0, errno == ENOENT else {
      throw .pathInUse(path: link)
    }
    guard unsafe unlink(link) == 0, unsafe symlink(name, link) == 0 else {
      throw .system(.link, path: link, errno: errno)
    }
  }

  /// What the symbolic link at `path` names, or `nil` if there is none.
  private static func target(of path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    return String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

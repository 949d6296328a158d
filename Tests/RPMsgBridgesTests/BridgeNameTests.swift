import Foundation
import RPMsgBridges
import Testing
import WireTypes

/// A folder that is removed at the end of its test.
private final class Folder {
  let path = NSTemporaryDirectory() + "rpmsg-bridge-\(UUID().uuidString.prefix(8))"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  func name(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
  }
}

@Suite("Names of bridges")
struct BridgeNameTests {
  @Test("A terminal's link leads to it, and both are gone after the end")
  func terminal() throws {
    let folder = try Folder()
    let link = folder.name("tty")
    let bridge = try RPMsgBridge(channelName: WireName("a"), terminalLink: link)
    #expect(bridge.path.hasPrefix("/dev/pts/"))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == bridge.path)
    bridge.close()
    bridge.close()
    #expect(!FileManager.default.fileExists(atPath: link))
  }

  @Test("The terminal is raw")
  func raw() throws {
    let folder = try Folder()
    let bridge = try RPMsgBridge(channelName: WireName("a"), terminalLink: folder.name("tty"))
    let user = open(bridge.path, O_RDWR | O_NOCTTY)
    try #require(user >= 0)
    defer { close(user) }
    var settings = termios()
    #expect(tcgetattr(user, &settings) == 0)
    #expect(settings.c_lflag & tcflag_t(ECHO | ICANON | ISIG) == 0)
    #expect(settings.c_oflag & tcflag_t(OPOST) == 0)
    bridge.close()
  }

  @Test("A link that leads nowhere is replaced; anything else of the name is refused")
  func leftOverLink() throws {
    let folder = try Folder()
    let link = folder.name("tty")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder.name("nowhere"))
    let bridge = try RPMsgBridge(channelName: WireName("a"), terminalLink: link)
    #expect(throws: BridgeError.pathInUse(path: link)) {
      try RPMsgBridge(channelName: WireName("a"), terminalLink: link)
    }
    bridge.close()
    for name in ["file", "other"] {
      try Data("kept".utf8).write(to: URL(fileURLWithPath: folder.name("file")))
      if name == "other" {
        try FileManager.default.createSymbolicLink(
          atPath: folder.name("other"), withDestinationPath: folder.name("file"))
      }
      #expect(throws: BridgeError.pathInUse(path: folder.name(name))) {
        try RPMsgBridge(channelName: WireName("a"), terminalLink: folder.name(name))
      }
    }
    #expect(try String(contentsOfFile: folder.name("file"), encoding: .utf8) == "kept")
  }

  @Test("A link in a folder that is not there is refused with the system's reason")
  func noFolder() throws {
    let folder = try Folder()
    let link = folder.name("missing/tty")
    #expect(throws: BridgeError.system(.link, path: link, errno: ENOENT)) {
      try RPMsgBridge(channelName: WireName("a"), terminalLink: link)
    }
    let socket = folder.name("missing/socket")
    #expect(throws: BridgeError.system(.bind, path: socket, errno: ENOENT)) {
      try RPMsgBridge(channelName: WireName("a"), socket: socket)
    }
  }

  @Test("A socket that somebody listens on is refused, one that was left behind is replaced")
  func leftOverSocket() throws {
    let folder = try Folder()
    let path = folder.name("socket")
    let first = try RPMsgBridge(channelName: WireName("a"), socket: path)
    #expect(throws: BridgeError.pathInUse(path: path)) {
      try RPMsgBridge(channelName: WireName("a"), socket: path)
    }
    first.close()
    #expect(!FileManager.default.fileExists(atPath: path))
    // Left behind: bound, and closed without being removed.
    let old = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in path.utf8.enumerated() { target[index] = byte }
    }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(old, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(result == 0)
    close(old)
    let second = try RPMsgBridge(channelName: WireName("a"), socket: path)
    second.close()
  }

  @Test("A file is not taken for a socket that was left behind")
  func file() throws {
    let folder = try Folder()
    let path = folder.name("file")
    try Data("kept".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: BridgeError.pathInUse(path: path)) {
      try RPMsgBridge(channelName: WireName("a"), socket: path)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "kept")
  }

  @Test("A socket's name has at most 107 bytes")
  func longName() throws {
    let folder = try Folder()
    let room = 107 - folder.path.utf8.count - 1
    let longest = folder.name(String(repeating: "x", count: room))
    try RPMsgBridge(channelName: WireName("a"), socket: longest).close()
    let error = BridgeError.pathTooLong(path: longest + "x", byteCount: 108, limit: 107)
    #expect(throws: error) { try RPMsgBridge(channelName: WireName("a"), socket: longest + "x") }
    #expect("\(error)".contains("at most 107 bytes, this one has 108"))
  }

  @Test("A name that came to be somebody else's is not removed at the end")
  func stolenName() throws {
    let folder = try Folder()
    for path in [folder.name("tty"), folder.name("socket")] {
      let bridge =
        path.hasSuffix("tty")
        ? try RPMsgBridge(channelName: WireName("a"), terminalLink: path)
        : try RPMsgBridge(channelName: WireName("a"), socket: path)
      try FileManager.default.removeItem(atPath: path)
      try Data("new".utf8).write(to: URL(fileURLWithPath: path))
      bridge.close()
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    }
  }
}

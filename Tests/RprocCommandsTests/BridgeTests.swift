import Foundation
import RprocCommands
import Testing

@Suite("Bridges with real firmware")
struct BridgeTests {
  @Test("What is written to the terminal comes back from the echoing firmware")
  func terminal() throws {
    let scratch = try Scratch()
    let link = "\(scratch.path)/tty"
    let rproc = try RprocProcess(
      "run", ShippedImage.echo.path, "--json", "--timeout", "60", "--pty", "rpmsg-echo=\(link)")
    let start = try rproc.read(until: #""action":"opened""#)
    #expect(start.contains(#""kind":"pty","path":"\#(link)","terminal":"/dev/pts/"#))
    let user = open(link, O_RDWR | O_NOCTTY)
    try #require(user >= 0)
    defer { close(user) }
    // Control characters pass as they are.
    let text = Array("hello\u{3}\u{4}\r\n\u{1b}[A\u{ff}".utf8)
    #expect(write(user, text, text.count) == text.count)
    #expect(try read(text.count, from: user) == text)
    // More than a message can carry, and more than a terminal keeps.
    let long = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let writer = Thread {
      var sent = 0
      while sent < long.count {
        let count = write(user, Array(long[sent...]), long.count - sent)
        guard count > 0 else { return }
        sent += count
      }
    }
    writer.start()
    #expect(try read(long.count, from: user) == long)
    #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
    #expect(rproc.wait() == 130)
    #expect(throws: (any Error).self) {
      try FileManager.default.destinationOfSymbolicLink(atPath: link)
    }
  }

  @Test("Clients of the socket get their own answers, each message a packet of its own")
  func socket() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/rpc"
    let rproc = try RprocProcess(
      "run", ShippedImage.echo.path, "--json", "--timeout", "60", "--socket",
      "rpmsg-echo=\(path)")
    _ = try rproc.read(until: #""action":"opened""#)
    let clients = try (0..<8).map { _ in try Client(path: path) }
    for round in 0..<20 {
      for (number, client) in clients.enumerated() {
        try client.send(Array("\(number): \(round)".utf8))
        try client.send(Array(repeating: UInt8(number), count: 496))
      }
      for (number, client) in clients.enumerated() {
        #expect(try client.receive() == Array("\(number): \(round)".utf8))
        #expect(try client.receive() == Array(repeating: UInt8(number), count: 496))
      }
    }
    #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
    // The end of the remote is the end of the connection.
    #expect(try clients[0].receive() == [])
    #expect(rproc.wait() == 130)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("A packet that no message can carry is told, and ends its client alone")
  func longPacket() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/rpc"
    let rproc = try RprocProcess(
      "run", ShippedImage.echo.path, "--json", "--timeout", "60", "--socket",
      "rpmsg-echo=\(path)")
    _ = try rproc.read(until: #""action":"opened""#)
    let (good, bad) = (try Client(path: path), try Client(path: path))
    try bad.send(Array(repeating: 1, count: 497))
    #expect(try bad.receive() == [])
    let told = try rproc.read(until: #""action":"unsent""#)
    #expect(told.contains("message of 497 bytes is longer than the 496 bytes a buffer carries"))
    try good.send([1, 2, 3])
    #expect(try good.receive() == [1, 2, 3])
    #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
    #expect(rproc.wait() == 130)
  }

  @Test("The terminal works again after a crash and a recovery")
  func recovery() throws {
    let scratch = try Scratch()
    let link = "\(scratch.path)/tty"
    let rproc = try RprocProcess(
      "run", ShippedImage.crash.path, "--json", "--timeout", "60", "--recovery", "on", "--pty",
      "rpmsg-crash=\(link)")
    var seen = ""
    for number in 1...3 {
      // One read may bring what the next turn looks for.
      while seen.components(separatedBy: #""action":"opened""#).count <= number {
        seen += try rproc.read(until: "\n")
      }
      let user = open(link, O_RDWR | O_NOCTTY)
      try #require(user >= 0)
      #expect(write(user, "wild", 4) == 4)
      close(user)
    }
    #expect(kill(rproc.process.processIdentifier, SIGTERM) == 0)
    #expect(rproc.wait() == 130)
  }

  @Test("Standard input goes out, and what comes back is all of standard output")
  func standardStreams() throws {
    let scratch = try Scratch()
    // Not a multiple of what a message carries.
    let bytes = (0..<100_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let input = try scratch.file("input", bytes)
    let process = Process()
    process.executableURL = try RprocProcess.executable()
    process.arguments = [
      "run", ShippedImage.echo.path, "--stdio", "rpmsg-echo", "--timeout", "60",
    ]
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let seen = try output.fileHandleForReading.readToEnd()
    let told = try errors.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(seen.map(Array.init) == bytes)
    let text = String(decoding: told ?? Data(), as: UTF8.self)
    #expect(text.contains("bridge    rpmsg-echo <-> stdio: end of the input"))
  }

  @Test(
    "What cannot be asked for is a usage error",
    arguments: [
      (["--pty", "name"], "--pty takes NAME=LINK"), (["--pty", "=x"], "--pty takes NAME=LINK"),
      (["--socket", "name="], "--socket takes NAME=PATH"),
      (["--stdio", ""], "--stdio takes a name"),
      (["--stdio", "a", "--json"], "--stdio needs standard output for itself"),
      (["--stdio", "a", "--pty", "a=/x"], "channel a is given to two options"),
      (["--pty", "a=/x", "--send", "a=text"], "channel a is given to two options"),
      (["--pty", "a=/no/such/folder/tty"], "--pty: /no/such/folder/tty: cannot make the link"),
    ])
  func usage(arguments: [String], message: String) throws {
    let run = try CommandRun(arguments: ["run", ShippedImage.echo.path] + arguments)
    #expect(run.status == 64)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  private func read(_ count: Int, from file: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var request = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      try #require(poll(&request, 1, 30_000) > 0, "\(bytes.count) of \(count) bytes came")
      var buffer = [UInt8](repeating: 0, count: 4096)
      let got = Foundation.read(file, &buffer, buffer.count)
      try #require(got > 0)
      bytes += buffer.prefix(got)
    }
    return bytes
  }
}

/// A program that talks to a bridge's socket.
private final class Client {
  private let descriptor: Int32

  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in path.utf8.enumerated() { target[index] = byte }
    }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(result == 0)
  }

  func send(_ bytes: [UInt8]) throws {
    try #require(Foundation.send(descriptor, bytes, bytes.count, 0) == bytes.count)
  }

  /// The next packet; empty when the other side hung up.
  func receive() throws -> [UInt8] {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    try #require(poll(&request, 1, 30_000) > 0, "nothing came")
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return Array(buffer.prefix(max(0, count)))
  }

  deinit { close(descriptor) }
}

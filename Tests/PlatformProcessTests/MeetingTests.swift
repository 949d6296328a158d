import Foundation
import PlatformProcess
import Remoteproc
import Scheduling
import SharedMemory
import Testing

@Suite("Two processes that do not come together", .timeLimit(.minutes(2)))
struct MeetingTests {
  private let inbox = NotificationDispatcher(pool: WorkerPool(name: "host", threadCount: 1))
    .makeInbox()

  private func error(joining link: ProcessLink) -> ProcessError? {
    do throws(ProcessError) {
      _ = try ProcessPlatform(joining: link, inbox: inbox)
      return nil
    } catch { return error }
  }

  @Test(
    "A path that is empty, has a NUL or is too long for a socket is refused",
    arguments: ["", "a\0b", String(repeating: "a", count: 108)])
  func badPath(path: String) throws {
    let place = try MeetingPlace()
    try place.writeFile()
    var link = place.link
    link.socket = path
    #expect(error(joining: link) == .badPath(path))
    if path.utf8.count < 100 {
      link = place.link
      link.file = path
      #expect(error(joining: link) == .badPath(path))
    }
  }

  @Test("The longest path of a socket is accepted")
  func longestPath() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    var link = place.link
    link.socket = String(repeating: "a", count: 107)
    #expect(error(joining: link) == nil)
  }

  @Test(
    "A size that leaves no room for buffers, or is no whole number of pages, is refused",
    arguments: [-4096, 0, 0x10000, 0x10001, 0x80001, 1 << 31 + 4096])
  func badSize(byteCount: Int) throws {
    let place = try MeetingPlace()
    try place.writeFile()
    var link = place.link
    link.byteCount = byteCount
    #expect(error(joining: link) == .badSize(byteCount))
  }

  @Test("A shared file that is not there is told by its error number")
  func noFile() throws {
    let place = try MeetingPlace()
    #expect(error(joining: place.link) == .system(.openFile, errno: ENOENT))
  }

  @Test("A shared file that is too short by a byte is refused with both numbers")
  func shortFile() throws {
    let place = try MeetingPlace()
    try place.writeFile(byteCount: 0x7ffff)
    #expect(error(joining: place.link) == .fileTooShort(needed: 0x80000, available: 0x7ffff))
    try place.writeFile(byteCount: 0x80000)
    #expect(error(joining: place.link) == nil)
  }

  @Test("A second host is refused, whether it comes to the remote or starts it; a third later not")
  func secondHost() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    do {
      let first = try ProcessPlatform(joining: place.link, inbox: inbox)
      #expect(error(joining: place.link) == .inUse(file: place.link.file))
      #expect(throws: ProcessError.inUse(file: place.link.file)) {
        _ = try ProcessPlatform(
          running: ProcessProgram(path: "/bin/true"), link: place.link, inbox: inbox)
      }
      #expect(first.window.byteCount == 0x80000)
    }
    #expect(error(joining: place.link) == nil)
  }

  @Test("A host that starts its remote makes the file anew and removes it at the end")
  func fileIsOurs() throws {
    let place = try MeetingPlace()
    try place.writeFile([1, 2, 3], byteCount: 100)
    do {
      let platform = try ProcessPlatform(
        running: ProcessProgram(path: "/bin/true"), link: place.link, inbox: inbox)
      #expect(platform.window.loadUInt32(at: 0) == 0)
      #expect(FileManager.default.fileExists(atPath: place.link.file))
    }
    #expect(!FileManager.default.fileExists(atPath: place.link.file))
  }

  @Test("The environment names the meeting place; without it, it is open-amp's")
  func environment() {
    #expect(ProcessLink(environment: [:]) == .openAMP)
    let link = ProcessLink(environment: [
      "RPROC_SHARED_FILE": "/f", "RPROC_SOCKET": "/s", "RPROC_SHARED_BYTES": "131072",
    ])
    #expect(link == ProcessLink(file: "/f", socket: "/s", byteCount: 131_072))
    #expect(ProcessLink(environment: ["RPROC_SHARED_BYTES": "many"]).byteCount == 0x80000)
  }
}

@Suite("Programs that never listen", .timeLimit(.minutes(2)))
struct ProgramTests {
  private func attach(
    _ program: ProcessProgram, timeout: Duration = .seconds(20)
  ) throws -> RemoteprocError? {
    let place = try MeetingPlace()
    let host = try Host(place.link, running: program)
    host.processor.withPlatform { $0.connectTimeout = timeout }
    do throws(RemoteprocError) {
      try host.processor.attach()
      return nil
    } catch {
      #expect(host.processor.state == .detached)
      return error
    }
  }

  private func shell(_ script: String) -> ProcessProgram {
    ProcessProgram(path: "/bin/sh", arguments: ["-c", script])
  }

  @Test("One that runs and does not listen: timed out, and it is gone")
  func neverListens() throws {
    let error = try attach(shell("exec sleep 1000"), timeout: .milliseconds(50))
    #expect(error == .platform(.timedOut(.prepare, after: .milliseconds(50))))
  }

  @Test("Nobody there at all: timed out")
  func nobody() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let host = try Host(place.link)
    host.processor.withPlatform { $0.connectTimeout = .milliseconds(20) }
    #expect(throws: RemoteprocError.platform(.timedOut(.prepare, after: .milliseconds(20)))) {
      try host.processor.attach()
    }
  }

  @Test("One that ends before: its code, or the signal as a negative number")
  func endsEarly() throws {
    #expect(try attach(shell("exit 3")) == .platform(.ended(.prepare, code: 3)))
    #expect(try attach(shell("kill -9 $$")) == .platform(.ended(.prepare, code: -9)))
  }

  @Test("One that is not there, or is no program, is told by its error number")
  func noProgram() throws {
    #expect(
      try attach(ProcessProgram(path: "/nonexistent"))
        == .platform(.system(.prepare, errno: ENOENT)))
    #expect(try attach(ProcessProgram(path: "/tmp")) == .platform(.system(.prepare, errno: EACCES)))
    #expect(try attach(ProcessProgram(path: "")) == .platform(.system(.prepare, errno: EINVAL)))
  }

  @Test("A program finds its meeting place in the environment, and its output is the console")
  func output() throws {
    let place = try MeetingPlace()
    let host = try Host(
      place.link,
      running: ProcessProgram(
        path: "/bin/sh", arguments: ["-c", "echo $RPROC_SOCKET $RPROC_SHARED_BYTES $MINE; exit 7"],
        environment: ["MINE=own"]))
    // The end comes before anybody listens, so only the code is told; a program that listens is
    // tested with the whole command.
    #expect(throws: RemoteprocError.platform(.ended(.prepare, code: 7))) {
      try host.processor.attach()
    }
  }
}

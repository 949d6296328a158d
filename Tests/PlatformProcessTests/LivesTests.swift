import Foundation
import PlatformProcess
import RPMsg
import RPMsgBus
import Remoteproc
import Scheduling
import Testing
import WireTypes

@Suite("Lives of a program", .serialized, .timeLimit(.minutes(5)))
struct ProcessLivesTests {
  /// The built command, which can play the remote.
  private func program(_ service: String) throws -> ProcessProgram {
    let folder = Bundle.main.bundleURL
    let candidates = [
      folder, folder.deletingLastPathComponent(),
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
    ].map { $0.appendingPathComponent("rproc").path }
    let path = try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0) })
    return ProcessProgram(path: path, arguments: ["remote", "--service", service])
  }

  private func say(_ text: String, to channel: RPMsgChannel) throws {
    let endpoint = try channel.open { _, _, _ in }
    try endpoint.send(Array(text.utf8).span.bytes)
  }

  @Test(
    "A program that is ended by a signal has crashed, in the kind of the signal; it starts again",
    arguments: [
      (SIGSEGV, CrashKind.busFault), (SIGILL, .illegalInstruction),
      (SIGABRT, .fatalError(code: 6)), (SIGKILL, .fatalError(code: 9)),
    ])
  func crash(signal: Int32, kind: CrashKind) throws {
    let place = try MeetingPlace(prefersSharedDoorbell: true)
    let host = try Host(place.link, running: try program("rpmsg-crash=crash"))
    try host.processor.attach()
    try say("signal \(signal)", to: host.channel("rpmsg-crash"))
    let events = host.events.wait { $0.contains { if case .crash = $0 { true } else { false } } }
    guard case .crash(let report)? = events.last else {
      Issue.record("no crash: \(events)")
      return
    }
    #expect(report.kind == kind)
    #expect(report.detail == "the program was ended by signal \(signal)")
    let isNews = host.processor.crash(report)
    #expect(isNews)
    try host.processor.recover()
    #expect(host.processor.state == .attached)
    #expect(host.channels.wait { $0.count == 2 }.count == 2)
    try host.processor.shutdown()
  }

  @Test("A program that ends by itself has exited with its code; what it printed came before")
  func exits() throws {
    let place = try MeetingPlace()
    let host = try Host(place.link, running: try program("rpmsg-crash=crash"))
    try host.processor.attach()
    try say("exit 7", to: host.channel("rpmsg-crash"))
    let events = host.events.wait { $0.contains(.exited(code: 7)) }
    #expect(events.last == .exited(code: 7))
    let console = events.compactMap { event -> String? in
      if case .console(let bytes) = event { String(decoding: bytes, as: UTF8.self) } else { nil }
    }.joined()
    #expect(console.contains("listening on \(place.link.socket)"))
    #expect(console.contains("host connected"))
    try host.processor.shutdown()
  }

  @Test("A program that is let go of runs on, and is attached to again")
  func letGo() throws {
    let place = try MeetingPlace()
    let host = try Host(place.link, running: try program("a=echo"))
    for round in 1...3 {
      try host.processor.attach()
      #expect(host.channels.wait { $0.count == round }.count == round)
      try host.processor.detach()
      #expect(host.processor.state == .detached)
    }
    #expect(!host.events.wait(seconds: 0) { _ in true }.contains { $0 == .exited(code: 0) })
  }

  @Test("Started and stopped again and again it leaves no descriptor, thread or mapping behind")
  func noLeaks() throws {
    func count(_ folder: String) throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count
    }
    func sharedMappings(of file: String) throws -> Int {
      let maps = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
      let text = String(decoding: try maps.readToEnd() ?? Data(), as: UTF8.self)
      return text.split(separator: "\n").filter { $0.contains(file) }.count
    }
    let place = try MeetingPlace(prefersSharedDoorbell: true)
    let host = try Host(place.link, running: try program("a=echo"))
    try host.processor.attach()
    try host.processor.shutdown()
    let descriptors = try count("fd")
    for round in 1...20 {
      try host.processor.attach()
      #expect(host.channels.wait { $0.count >= round }.count >= round)
      try host.processor.shutdown()
    }
    // Other tests may open some meanwhile, but not as many as twenty connections would have left.
    #expect(try count("fd") < descriptors + 20)
    let mappings = try sharedMappings(of: place.link.file)
    #expect(mappings == 1)
  }
}

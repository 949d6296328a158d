import Foundation
import PlatformProcess
import RPMsg
import RPMsgBus
import Remoteproc
import Scheduling
import SharedMemory
import Testing
import WireTypes

@Suite("Messages between two processes", .timeLimit(.minutes(3)))
struct ProcessMessageTests {
  @Test("Every size from 0 to 496 comes back, by either doorbell", arguments: [false, true])
  func echo(shared: Bool) throws {
    let place = try MeetingPlace(prefersSharedDoorbell: shared)
    try place.writeFile()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      let end = try remote.echo(on: "rpmsg-echo")
      try #require(end == .hostGone)
      let isShared = remote.usesSharedDoorbell
      try #require(isShared == shared)
    }
    let host = try Host(place.link)
    try host.processor.attach()
    #expect(host.processor.state == .attached)
    let usesShared = host.processor.withPlatform { $0.usesSharedDoorbell }
    #expect(usesShared == shared)
    let channel = try host.channel("rpmsg-echo")
    let answers = Signal<[UInt8]>()
    let endpoint = try channel.open { _, _, payload in
      answers.add(payload.withUnsafeBytes { Array($0) })
    }
    for size in 0...496 {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ size) }
      try endpoint.send(bytes.span.bytes, within: .seconds(10))
      let all = answers.wait { $0.count == size + 1 }
      #expect(all.last == bytes)
    }
    let tooLong = [UInt8](repeating: 0, count: 497)
    #expect(throws: RPMsgBusError.messageTooLong(byteCount: 497, limit: 496)) {
      try endpoint.send(tooLong.span.bytes)
    }
    try host.processor.shutdown()
    #expect(host.processor.state == .offline)
    #expect(thread.wait() == "done")
  }

  @Test("A host that has the shared doorbell meets a remote without, and the other way round")
  func mixedDoorbells() throws {
    for hostHasIt in [false, true] {
      let place = try MeetingPlace()
      try place.writeFile()
      var link = place.link
      link.prefersSharedDoorbell = !hostHasIt
      let thread = RemoteThread { [link] in
        var remote = try ProcessRemote(link)
        _ = try remote.echo(on: "a")
        let isShared = remote.usesSharedDoorbell
        try #require(!isShared)
      }
      link.prefersSharedDoorbell = hostHasIt
      let host = try Host(link)
      try host.processor.attach()
      let usesShared = host.processor.withPlatform { $0.usesSharedDoorbell }
      #expect(!usesShared)
      _ = try host.channel("a")
      try host.processor.shutdown()
      #expect(thread.wait() == "done")
    }
  }

  @Test("A mark that a dead remote left in the file does not make a doorbell")
  func staleMark() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    var link = place.link
    let thread = RemoteThread { [link] in
      var remote = try ProcessRemote(link)
      // As another process wrote it.
      remote.window.store(UInt32(1), at: 0x3008)
      remote.window.storeReleasing(UInt32(0x4244_5052), at: 0x3000)
      _ = try remote.echo(on: "a")
    }
    link.prefersSharedDoorbell = true
    let host = try Host(link)
    try host.processor.attach()
    let usesShared = host.processor.withPlatform { $0.usesSharedDoorbell }
    #expect(!usesShared)
    _ = try host.channel("a")
    try host.processor.shutdown()
    #expect(thread.wait() == "done")
  }

  @Test("A remote that does not read its socket holds up nobody, and is not lost")
  func socketFull() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let mayGoOn = Signal<Bool>()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      try remote.waitForDriver(until: .now.advanced(by: .seconds(20)))
      try #require(mayGoOn.wait { !$0.isEmpty } == [true])
      // All of it merges into what is there.
      try #require(remote.wait(after: 0, for: .seconds(20)) == .kicked)
      _ = try remote.echo(on: "rpmsg-echo")
    }
    let host = try Host(place.link)
    try host.processor.attach()
    let doorbell = host.processor.doorbell
    for _ in 0..<10_000 { doorbell.kick(NotifyID(rawValue: 1)) }
    mayGoOn.add(true)
    _ = try host.channel("rpmsg-echo")
    try host.processor.shutdown()
    #expect(thread.wait() == "done")
  }

  @Test("A second client finds nobody, whatever path it tries")
  func secondClient() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      _ = try remote.echo(on: "rpmsg-echo")
    }
    let host = try Host(place.link)
    try host.processor.attach()
    _ = try host.channel("rpmsg-echo")
    #expect(!FileManager.default.fileExists(atPath: place.link.socket))
    #expect(throws: ProcessError.inUse(file: place.link.file)) { _ = try Host(place.link) }
    try host.processor.shutdown()
    #expect(thread.wait() == "done")
  }

  @Test("A remote that goes away in the middle of a message: a crash, and a waiting sender is told")
  func diesMidMessage() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      try remote.waitForDriver(until: .now.advanced(by: .seconds(20)))
      _ = try remote.serve([WireName("rpmsg-echo" as StaticString)]) { _, _, _, isFinished in
        isFinished = true
        return .retry
      }
    }
    let host = try Host(place.link)
    try host.processor.attach()
    let channel = try host.channel("rpmsg-echo")
    let endpoint = try channel.open { _, _, _ in }
    let told = Signal<RPMsgBusError?>()
    let sender = RemoteThread {
      do throws(RPMsgBusError) {
        // More than there are buffers, so that the last send waits.
        for _ in 0...300 { try endpoint.send([1].span.bytes, within: .seconds(60)) }
        told.add(nil)
      } catch { told.add(error) }
    }
    let events = host.events.wait { !$0.isEmpty }
    guard case .crash(let report)? = events.first else {
      Issue.record("no crash: \(events)")
      return
    }
    #expect(report.kind == .peerLost)
    let isNews = host.processor.crash(report)
    #expect(isNews)
    try host.processor.quiesce()
    #expect(told.wait { !$0.isEmpty } == [.remoteGone])
    #expect(sender.wait() == "done")
    try host.processor.shutdown()
    #expect(thread.wait() == "done")
  }

  @Test("A remote that is left goes on listening, and the host comes back")
  func comesBack() throws {
    let place = try MeetingPlace(prefersSharedDoorbell: true)
    try place.writeFile()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      for _ in 0..<5 {
        _ = try remote.echo(on: "rpmsg-echo")
        try remote.listen()
      }
    }
    let host = try Host(place.link)
    for round in 1...5 {
      try host.processor.attach()
      let all = host.channels.wait { $0.count == round }
      #expect(all.count == round)
      if round % 2 == 0 { try host.processor.shutdown() } else { try host.processor.detach() }
    }
    #expect(thread.wait() == "done")
  }

  @Test("A host that goes away before its driver is ready is told; the remote may listen again")
  func hostGoesEarly() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      remote.window.store(UInt32(9), at: 0)
      do throws(ProcessError) {
        try remote.waitForDriver(until: .now.advanced(by: .seconds(20)))
        throw .timedOut(.accept, after: .zero)
      } catch .peerGone {}
      try remote.listen()
      do throws(ProcessError) {
        try remote.waitForDriver(until: .now.advanced(by: .milliseconds(20)))
      } catch .timedOut(.accept, _) {}
    }
    let host = try Host(place.link)
    #expect(throws: RemoteprocError.self) { try host.processor.attach() }
    #expect(thread.wait() == "done")
  }
}

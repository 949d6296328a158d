import Foundation
import PlatformProcess
import RPMsg
import RPMsgBus
import Remoteproc
import RemoteprocVirtio
import Scheduling
import Synchronization
import Testing
import WireTypes

/// A folder of its own for a shared file and a socket, removed at the end.
final class MeetingPlace: Sendable {
  let link: ProcessLink
  private let folder: URL

  init(prefersSharedDoorbell: Bool = false) throws {
    folder = URL(fileURLWithPath: "/tmp").appendingPathComponent("rproc-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var link = ProcessLink(
      file: folder.appendingPathComponent("shm").path,
      socket: folder.appendingPathComponent("kick").path)
    link.prefersSharedDoorbell = prefersSharedDoorbell
    self.link = link
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Writes `bytes` to the shared file, which then has `byteCount` bytes.
  func writeFile(_ bytes: [UInt8] = [], byteCount: Int = ProcessLink.standardByteCount) throws {
    var data = Data(bytes)
    data.append(Data(count: byteCount - bytes.count))
    try data.write(to: URL(fileURLWithPath: link.file))
  }
}

/// What a test waits for, and who tells.
final class Signal<Value: Sendable & Equatable>: Sendable {
  private let values = Guarded<[Value]>([])
  private let word = FutexWord()

  func add(_ value: Value) {
    values.withLock { $0.append(value) }
    word.value.wrappingAdd(1, ordering: .sequentiallyConsistent)
    word.wake()
  }

  /// The values so far, as soon as `condition` holds; those at the deadline if it never does.
  func wait(
    seconds: Int = 15, until condition: ([Value]) -> Bool
  ) -> [Value] {
    let deadline = MonotonicTime.now.advanced(by: .seconds(seconds))
    while true {
      let seen = word.value.load(ordering: .sequentiallyConsistent)
      let now = values.withLock { $0 }
      if condition(now) || MonotonicTime.now >= deadline { return now }
      word.wait(while: seen, until: deadline)
    }
  }
}

/// A thread that plays the remote.
final class RemoteThread: Sendable {
  private let result = Signal<String>()

  /// Calls `body`; an error that it throws is told by ``wait()``.
  init(_ body: @escaping @Sendable () throws -> Void) {
    let result = result
    Thread.detachNewThread {
      do {
        try body()
        result.add("done")
      } catch { result.add("\(error)") }
    }
  }

  /// Waits for the end: `done`, or the error.
  func wait() -> String { result.wait { !$0.isEmpty }.first ?? "not over" }
}

/// A host of one remote.
final class Host {
  let inbox: ProcessorInbox
  /// Its threads end with it.
  private let pool: WorkerPool
  let messages: RPMsgSubdevice
  let events = Signal<PlatformEvent>()
  let channels = Signal<String>()
  var processor: RemoteProcessor<ProcessPlatform>

  convenience init(_ link: ProcessLink, running program: ProcessProgram? = nil) throws {
    let pool = WorkerPool(name: "host", threadCount: 2)
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    var platform =
      if let program {
        try ProcessPlatform(running: program, link: link, inbox: inbox)
      } else {
        try ProcessPlatform(joining: link, inbox: inbox)
      }
    platform.connectTimeout = .seconds(20)
    self.init(platform, inbox, pool)
    try processor.add(messages)
  }

  private init(_ platform: consuming ProcessPlatform, _ inbox: ProcessorInbox, _ pool: WorkerPool) {
    self.pool = pool
    self.inbox = inbox
    messages = RPMsgSubdevice(inbox: inbox) { [channels] event in
      if case .channelAppeared(let name, _) = event { channels.add("\(name)") }
    }
    processor = RemoteProcessor(platform: platform)
    inbox.setEventHandler { [events] in events.add($0) }
  }

  /// The channel `name`, when it has been announced.
  func channel(_ name: String) throws -> RPMsgChannel {
    _ = channels.wait { $0.contains(name) }
    let found = messages.buses.first?.channels.first { "\($0.name)" == name }
    return try #require(found, "no channel \(name)")
  }
}

extension ProcessRemote {
  /// Waits for a host and returns every message on `name` until the host is gone.
  mutating func echo(on name: String) throws -> ServeEnd {
    try waitForDriver(until: .now.advanced(by: .seconds(20)))
    return try serve([WireName(name)]) { header, payload, transmitter, _ in
      do throws(RPMsgError) {
        try transmitter.enqueue(payload, from: header.destination, to: header.source)
        return .done
      } catch { return .retry }
    }
  }
}

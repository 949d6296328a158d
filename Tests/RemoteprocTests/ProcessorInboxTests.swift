import Remoteproc
import Scheduling
import Testing
import WireTypes

/// What handlers saw, in order, from any thread.
final class Recorder<Value: Sendable>: Sendable {
  private let values = Guarded<[Value]>([])
  var all: [Value] { values.withLock { $0 } }
  func append(_ value: Value) { values.withLock { $0.append(value) } }
}

/// Waits until `condition` holds, at most ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
  let deadline = MonotonicTime.now.advanced(by: .seconds(10))
  while !condition() {
    guard MonotonicTime.now < deadline else { return false }
    FutexWord().wait(while: 0, until: MonotonicTime.now.advanced(by: .microseconds(200)))
  }
  return true
}

@Suite("Processor inbox")
struct ProcessorInboxTests {
  private let pool = WorkerPool(name: "inbox", threadCount: 2)

  private func dispatcher(poll: Duration = .seconds(3600)) -> NotificationDispatcher {
    NotificationDispatcher(pool: pool, pollInterval: poll)
  }

  @Test("Each kicked id is delivered, also the highest that has a bit")
  func notifications() {
    let inbox = dispatcher().makeInbox()
    let seen = Recorder<NotifyID?>()
    _ = inbox.addHandler { seen.append($0) }
    for raw in [0, 1, 63] as [UInt32] {
      inbox.notify(NotifyID(rawValue: raw))
      #expect(eventually { seen.all.contains(NotifyID(rawValue: raw)) })
    }
  }

  @Test("An id above 63 counts and is delivered as some vring", arguments: [64, UInt32.max])
  func unusualIDs(raw: UInt32) {
    let inbox = dispatcher().makeInbox()
    let seen = Recorder<NotifyID?>()
    _ = inbox.addHandler { seen.append($0) }
    inbox.notify(NotifyID(rawValue: raw))
    #expect(eventually { seen.all.contains(nil) })
    #expect(inbox.statistics.unusualIDCount == 1)
    #expect(inbox.statistics.notificationCount == 1)
  }

  @Test("Kicks before the first handler are not lost")
  func earlyKick() {
    let inbox = dispatcher().makeInbox()
    inbox.notify(nil)
    let seen = Recorder<NotifyID?>()
    _ = inbox.addHandler { seen.append($0) }
    inbox.notify(NotifyID(rawValue: 5))
    #expect(eventually { !seen.all.isEmpty })
  }

  @Test("D15 F07 without any kick every handler is asked once in each poll interval")
  func slowPoll() {
    let inbox = dispatcher(poll: .milliseconds(5)).makeInbox()
    let seen = Recorder<NotifyID?>()
    _ = inbox.addHandler { seen.append($0) }
    #expect(eventually { seen.all.count >= 5 })
    #expect(seen.all.allSatisfy { $0 == nil })
    #expect(inbox.statistics.pollCount >= 5)
  }

  @Test("A removed handler does not run and never runs again")
  func removal() {
    let inbox = dispatcher(poll: .milliseconds(1)).makeInbox()
    for _ in 0..<50 {
      let ran = Recorder<NotifyID?>()
      let token = inbox.addHandler { ran.append($0) }
      inbox.notify(nil)
      #expect(eventually { !ran.all.isEmpty })
      inbox.removeHandler(token)
      let count = ran.all.count
      inbox.notify(nil)
      let other = Recorder<NotifyID?>()
      let otherToken = inbox.addHandler { other.append($0) }
      #expect(eventually { !other.all.isEmpty })
      #expect(ran.all.count == count)
      inbox.removeHandler(otherToken)
      inbox.removeHandler(token)
    }
  }

  @Test("A handler may remove itself")
  func selfRemoval() {
    let inbox = dispatcher().makeInbox()
    let runs = Recorder<HandlerToken>()
    let tokens = Recorder<HandlerToken>()
    let token = inbox.addHandler { [unowned inbox] _ in
      guard let token = tokens.all.first else { return inbox.notify(nil) }
      runs.append(token)
      inbox.removeHandler(token)
    }
    tokens.append(token)
    inbox.notify(nil)
    #expect(eventually { runs.all == [token] })
    inbox.notify(nil)
    let other = Recorder<NotifyID?>()
    _ = inbox.addHandler { other.append($0) }
    #expect(eventually { !other.all.isEmpty })
    #expect(runs.all == [token])
  }

  @Test("Events arrive in order, those that waited too, and after kicks that came before")
  func events() {
    let inbox = dispatcher().makeInbox()
    let seen = Recorder<PlatformEvent>()
    inbox.report(.stateWord(1))
    inbox.report(.console([0x61]))
    inbox.setEventHandler { seen.append($0) }
    inbox.report(.exited(code: 3))
    #expect(eventually { seen.all.count == 3 })
    #expect(seen.all == [.stateWord(1), .console([0x61]), .exited(code: 3)])
    inbox.setEventHandler(nil)
    inbox.report(.stateWord(2))
    #expect(seen.all.count == 3)
  }

  @Test("D14 F06 a flood of events is bounded, and the crash at its end is kept")
  func flood() {
    let inbox = dispatcher().makeInbox()
    for word in 0..<10_000 { inbox.report(.stateWord(UInt32(word))) }
    let crash = CrashReport(kind: .watchdog, pc: device(0x80))
    inbox.report(.crash(crash))
    inbox.report(.crash(CrashReport(kind: .hang)))
    let seen = Recorder<PlatformEvent>()
    inbox.setEventHandler { seen.append($0) }
    #expect(eventually { seen.all.last == .crash(crash) })
    #expect(seen.all.count <= 257)
    #expect(inbox.statistics.droppedEventCount == 10_000 - 256)
  }

  @Test("Many inboxes on few threads get each their own")
  func many() {
    let dispatcher = dispatcher()
    let inboxes = (0..<100).map { _ in dispatcher.makeInbox() }
    let seen = (0..<100).map { _ in Recorder<NotifyID?>() }
    for (inbox, seen) in zip(inboxes, seen) { _ = inbox.addHandler { seen.append($0) } }
    for (index, inbox) in inboxes.enumerated() {
      inbox.notify(NotifyID(rawValue: UInt32(index % 64)))
    }
    for (index, seen) in seen.enumerated() {
      let id = NotifyID(rawValue: UInt32(index % 64))
      #expect(eventually { seen.all == [id] })
    }
  }
}

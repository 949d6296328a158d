import Scheduling
import Synchronization

/// Hands what the platform reports to a controller, and keeps the reports of one run from the next.
final class InboxFollower: Subdevice {
  typealias Handler = @Sendable (PlatformEvent, _ run: UInt64) -> Void

  /// A closure on its own in a generic container gains a thunk at each access, for ever; one in a
  /// structure does not.
  private struct Handlers {
    var body: Handler?
  }

  let name = "inbox"
  private let inbox: ProcessorInbox
  private let handlers = Guarded(Handlers())
  private let number = Atomic<UInt64>(0)

  init(_ inbox: ProcessorInbox) { self.inbox = inbox }

  /// Who gets the events, on a thread of the dispatcher.
  func setHandler(_ body: @escaping Handler) { handlers.withLock { $0.body = body } }

  /// The number of the run that goes on now.
  var run: UInt64 { number.load(ordering: .relaxed) }

  func prepare(_ resources: ProcessorResources) throws(SubdeviceError) {
    inbox.discard()
    number.wrappingAdd(1, ordering: .relaxed)
  }

  func start(_ resources: ProcessorResources) throws(SubdeviceError) {
    let run = run
    inbox.setEventHandler { [self] event in
      let body = handlers.withLock { $0.body }
      body?(event, run)
    }
  }

  func stop(crashed: Bool) { inbox.setEventHandler(nil) }
}

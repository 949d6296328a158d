import Scheduling
public import WireTypes

/// Where a platform puts what its processor tells the host.
///
/// Made by ``NotificationDispatcher/makeInbox()``, which also delivers what lies in it, one
/// delivery at a time for each inbox.
public final class ProcessorInbox: Sendable {
  private let box: InboxState
  private let job: Job

  init(box: InboxState, job: Job) {
    self.box = box
    self.job = job
  }

  deinit { job.cancel() }

  /// Tells the host that the remote kicked `id`, or with `nil` that it kicked some vring.
  ///
  /// Any thread may call; it neither blocks nor allocates. Kicks of one id merge until delivered.
  public func notify(_ id: NotifyID?) {
    box.markPending(id)
    job.schedule()
  }

  /// Tells the host about a rare event; any thread may call.
  ///
  /// When many wait, console output and state words are dropped, and counted; the first crash or
  /// exit never is.
  public func report(_ event: PlatformEvent) {
    box.append(event)
    job.schedule()
  }

  /// Calls `handler` for each kick from now on, and at least once in each poll interval with `nil`
  /// as if every vring had been kicked; several handlers may be there.
  ///
  /// It is called from one thread of the dispatcher's pool at a time and must not block for long.
  public func addHandler(_ handler: @escaping @Sendable (NotifyID?) -> Void) -> HandlerToken {
    let token = box.addHandler(handler)
    job.schedule()
    return token
  }

  /// Removes a handler; when this returns it does not run and never runs again.
  ///
  /// Called from a handler itself it returns at once. Removing twice is harmless.
  public func removeHandler(_ token: HandlerToken) { box.removeHandler(token) }

  /// Calls `handler` for each event from now on, also for those that wait already; `nil` keeps
  /// them waiting.
  ///
  /// When this returns the handler that was set before does not run and never runs again.
  public func setEventHandler(_ handler: (@Sendable (PlatformEvent) -> Void)?) {
    box.setEventHandler(handler)
    job.schedule()
  }

  /// Forgets kicks and events that wait, as they belong to a run that is over.
  public func discard() { box.discard() }

  /// What was counted since the inbox was made.
  public var statistics: InboxStatistics { box.statistics }
}

/// One handler of a ``ProcessorInbox``.
public struct HandlerToken: Equatable, Sendable {
  let number: UInt64
}

/// What one ``ProcessorInbox`` counted.
public struct InboxStatistics: Equatable, Sendable {
  /// Calls of ``ProcessorInbox/notify(_:)``.
  public var notificationCount: UInt64
  /// Those of them with an id above 63, delivered as "some vring".
  public var unusualIDCount: UInt64
  /// Rounds in which the slow poll looked by itself.
  public var pollCount: UInt64
  /// Events dropped because too many waited.
  public var droppedEventCount: UInt64
}

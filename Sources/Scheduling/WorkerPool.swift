import Glibc

/// A few threads that serve any number of jobs, and sleep while none is ready.
///
/// The threads end when the pool is gone and the bodies that run then have returned; jobs that
/// are still queued are dropped.
public final class WorkerPool: Sendable {
  private let state: PoolState

  /// Starts `threadCount` threads.
  ///
  /// - Parameters:
  ///   - name: what debuggers and `top -H` show; at most 15 bytes count.
  ///   - threadCount: 1...256.
  ///   - spinTime: how long one idle thread looks for work before it sleeps; a wake-up within
  ///     this time costs no system call.
  public init(name: String, threadCount: Int, spinTime: Duration = .zero) {
    precondition((1...256).contains(threadCount), "a pool has 1...256 threads")
    state = PoolState(name: name, spinTime: spinTime)
    for _ in 0..<threadCount { Self.startThread(serving: state) }
  }

  deinit { state.stop() }

  /// Makes a job of this pool; it first runs when it is scheduled.
  public func makeJob(_ body: @escaping @Sendable () -> JobVerdict) -> Job {
    Job(pool: state, body: body)
  }

  private static func startThread(serving state: PoolState) {
    var thread = pthread_t()
    // SAFETY: the retained state is taken over, and later released, by the new thread alone.
    let argument = unsafe Unmanaged.passRetained(state).toOpaque()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<PoolState>.fromOpaque(argument).takeRetainedValue().serve()
        return nil
      }, argument)
    precondition(result == 0, "the system gave no thread")
    pthread_detach(thread)
  }
}

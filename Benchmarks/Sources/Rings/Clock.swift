import Foundation

/// Times in nanoseconds, and what the system did to us meanwhile.
enum Clock {
  /// Time that passes.
  static var now: UInt64 { read(CLOCK_MONOTONIC) }
  /// Time for which the calling thread had a processor.
  static var thread: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// How often a thread of this process lost its processor to another.
  static var involuntarySwitches: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_nivcsw
  }
}

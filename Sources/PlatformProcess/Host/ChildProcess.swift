import CLinux
import Glibc
import Remoteproc
import Scheduling

/// A program that we have started, and what it prints.
///
/// It has a process group of its own, so that Ctrl-C reaches it only through us. Any thread may
/// call. It is killed when nobody holds it any more.
final class ChildProcess: Sendable {
  private let number: pid_t
  private let handle: OwnedDescriptor
  /// The reading end of what it prints.
  let output: OwnedDescriptor
  private let end = Guarded<ProcessEnd?>(nil)

  /// Starts `program`, which finds `link` in its environment.
  init(_ program: ProcessProgram, _ link: ProcessLink) throws(ProcessError) {
    guard !program.path.isEmpty,
      ([program.path] + program.arguments + program.environment).allSatisfy({
        !$0.utf8.contains(0)
      })
    else { throw .badPath(program.path) }
    let (reading, writing) = try Self.makePipe()
    number = try Self.spawn(program, link, writing.number)
    let handle = rproc_pidfd_open(number)
    guard handle >= 0 else {
      let code = errno
      kill(number, SIGKILL)
      waitpid(number, nil, 0)
      throw .system(.startProgram, errno: code)
    }
    self.handle = OwnedDescriptor(handle)
    output = reading
  }

  deinit {
    guard end.withLock({ $0 }) == nil else { return }
    kill(number, SIGKILL)
    waitpid(number, nil, 0)
  }

  /// Readable when the program has ended.
  var descriptor: Int32 { handle.number }

  /// How it ended; `nil` while it runs.
  func status() -> ProcessEnd? {
    end.withLock { end in
      if let end { return end }
      var status: Int32 = 0
      guard unsafe waitpid(number, &status, WNOHANG) == number else { return nil }
      // As the macros of the C library read it.
      let signal = status & 0x7f
      end = signal == 0 ? .exited(code: status >> 8 & 0xff) : .killed(signal: signal)
      return end
    }
  }

  /// Ends the program: asks first, and after `grace` asks no more.
  ///
  /// Returns when it is gone.
  func stop(within grace: Duration) throws(ProcessError) {
    guard status() == nil else { return }
    kill(number, SIGTERM)
    wait(until: .now.advanced(by: grace))
    guard status() == nil else { return }
    kill(number, SIGKILL)
    // Only a process that the system itself cannot end is still there after that.
    wait(until: .now.advanced(by: .seconds(10)))
    guard status() != nil else { throw .system(.stopProgram, errno: EBUSY) }
  }

  /// Waits until the program has ended, at most until `deadline`.
  func wait(until deadline: MonotonicTime) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while MonotonicTime.now < deadline {
      let left = MonotonicTime.now.millisecondsLeft(until: deadline)
      if unsafe poll(&entry, 1, left) != -1 || errno != EINTR { return }
    }
  }

  /// Waits until the program has ended or printed something, at most until `deadline`.
  func waitForNews(until deadline: MonotonicTime) {
    let readable = Int16(POLLIN)
    var entries = [
      pollfd(fd: descriptor, events: readable, revents: 0),
      pollfd(fd: output.number, events: readable, revents: 0),
    ]
    let left = MonotonicTime.now.millisecondsLeft(until: deadline)
    _ = unsafe poll(&entries, 2, left)
  }

  /// What came of reading what the program prints.
  enum OutputState: Equatable {
    case passed, nothing, closed
  }

  /// Puts what the program has printed into `inbox`, at most a few KiB.
  func passOutput(to inbox: ProcessorInbox) -> OutputState {
    var bytes = [UInt8](repeating: 0, count: 4096)
    // SAFETY: the call writes at most as many bytes as it is told there are.
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(output.number, buffer.baseAddress, buffer.count)
    }
    guard count > 0 else {
      return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .closed
    }
    inbox.report(.console(Array(bytes[..<count])))
    return .passed
  }

  /// Puts all that the program has printed into `inbox`, up to what a pipe holds.
  func passAllOutput(to inbox: ProcessorInbox) {
    for _ in 0..<16 where passOutput(to: inbox) != .passed { return }
  }

  private static func makePipe() throws(ProcessError) -> (OwnedDescriptor, OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe rproc_pipe(&ends) == 0 else { throw .system(.startProgram, errno: errno) }
    // A program expects that its output waits for who reads.
    _ = fcntl(ends[1], F_SETFL, 0)
    return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
  }

  private static func spawn(
    _ program: ProcessProgram, _ link: ProcessLink, _ output: Int32
  ) throws(ProcessError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    // The first of a name counts, so what we add comes first.
    let inherited = unsafe CStrings.strings(rproc_environment())
    let environment = unsafe CStrings(link.environment + program.environment + inherited)
    let arguments = unsafe CStrings([program.path] + program.arguments)
    var number: pid_t = 0
    let code = unsafe posix_spawn(
      &number, program.path, &actions, &attributes, arguments.pointers, environment.pointers)
    guard code == 0 else { throw .system(.startProgram, errno: code) }
    return number
  }
}

/// An array of C strings that ends with a null pointer, for the time of a call.
@unsafe
private struct CStrings: ~Copyable {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    unsafe count = strings.count
    unsafe pointers = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
      // SAFETY: inside the allocation, and not initialised yet.
      unsafe (pointers + index).initialize(to: strdup(string))
    }
    unsafe (pointers + count).initialize(to: nil)
  }

  deinit {
    // SAFETY: all of them come from `strdup`, and nobody else has them.
    for index in unsafe 0..<count { unsafe free(pointers[index]) }
    unsafe pointers.deallocate()
  }

  /// The strings of `list`, which ends with a null pointer.
  static func strings(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  ) -> [String] {
    guard var next = unsafe list else { return [] }
    var strings: [String] = []
    while let string = unsafe next.pointee {
      unsafe strings.append(String(cString: string))
      unsafe next += 1
    }
    return strings
  }
}

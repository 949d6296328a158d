public import RPMsgBus
import Scheduling
import Synchronization
public import WireTypes

/// Lets programs outside talk to the channels of one name, by what every program can use.
///
/// Register it where service drivers are registered. It opens one channel at a time and stays over
/// restarts of the remote: the terminal or socket keeps its name, and works again with the channel
/// of the next run. Bytes from outside are taken only while there is a channel, and only as fast as
/// the remote takes them, so writers wait. It has a thread of its own, which sleeps when nothing is
/// to do.
///
/// A remote cannot send before it has got a message: only then does it know our address. So a
/// terminal, or a pair of streams, sends an empty message when it opens a channel. Empty messages
/// of the remote are not passed on, as outside they look like the end.
///
/// Any thread may call.
public final class RPMsgBridge: RPMsgServiceDriver {
  /// The name of the channels that are bridged.
  public let channelName: WireName
  /// Where programs find the bridge: the name of the terminal or of the socket; empty for streams.
  public let path: String
  private let loop: BridgeLoop
  private let pool = WorkerPool(name: "rproc-bridge", threadCount: 1)
  private let job: Job

  /// Makes a pseudo-terminal, as a serial port of the remote would be.
  ///
  /// It is raw. What is written to it goes to the remote in messages as they come from the
  /// terminal; what the remote sends is read from it. Up to 256 KiB wait for a reader; more is
  /// dropped and reported. ``path`` is the terminal's own name.
  ///
  /// - Parameters:
  ///   - channelName: which channels to bridge.
  ///   - link: a name at which to make a symbolic link to the terminal; removed at the end.
  ///   - report: told of what happens, without a lock held, on several threads.
  /// - Throws: ``BridgeError``.
  public convenience init(
    channelName: WireName, terminalLink link: String,
    report: @escaping @Sendable (BridgeReport) -> Void = { _ in }
  ) throws(BridgeError) {
    let terminal = try PseudoTerminal(link: link)
    let name = terminal.name
    try self.init(channelName, name, .terminal(terminal), report)
  }

  /// Listens on a Unix socket of type SOCK_SEQPACKET, where each packet is one message.
  ///
  /// Up to 64 clients are served at once; each has an address of its own, so that answers reach who
  /// asked. A client gets what the remote sends to its address, and so must send first; an empty
  /// packet will do. When the channel ends its clients are hung up on; who connects then waits for
  /// the next channel. A packet longer than a message can be is reported, and its sender hung up
  /// on. Messages for a client that has 200 KiB unread are dropped and reported.
  ///
  /// - Parameters:
  ///   - channelName: which channels to bridge.
  ///   - socket: the socket's name, at most 107 bytes; removed at the end. Who may connect is a
  ///     matter of the folder's rights and the process's `umask`.
  ///   - report: told of what happens, without a lock held, on several threads.
  /// - Throws: ``BridgeError``.
  public convenience init(
    channelName: WireName, socket: String,
    report: @escaping @Sendable (BridgeReport) -> Void = { _ in }
  ) throws(BridgeError) {
    try self.init(channelName, socket, .socket(MessageSocket(path: socket)), report)
  }

  /// Sends what is read from one descriptor, and writes what comes to another.
  ///
  /// Messages are as long as what one `read` gave. When nobody reads the output fast enough, the
  /// remote waits. Have SIGPIPE ignored if the output can be a pipe.
  ///
  /// - Parameters:
  ///   - channelName: which channels to bridge.
  ///   - input: for example 0; it stays open, and the caller's, as long as the bridge lives.
  ///   - output: for example 1; likewise.
  ///   - report: told of what happens, without a lock held, on several threads.
  /// - Throws: ``BridgeError``.
  public convenience init(
    channelName: WireName, input: Int32, output: Int32,
    report: @escaping @Sendable (BridgeReport) -> Void = { _ in }
  ) throws(BridgeError) {
    try self.init(channelName, "", .streams(input: input, output: output), report)
  }

  private init(
    _ channelName: WireName, _ path: String, _ outside: consuming BridgeOutside,
    _ report: @escaping @Sendable (BridgeReport) -> Void
  ) throws(BridgeError) {
    self.channelName = channelName
    self.path = path
    let loop = try BridgeLoop(outside, report: report)
    self.loop = loop
    job = pool.makeJob {
      loop.run()
      return .sleep
    }
    job.schedule()
  }

  deinit { loop.stop() }

  /// Ends the bridge: clients are hung up on, and names removed.
  ///
  /// It waits for its thread, a fifth of a second at most. A second call does nothing.
  public func close() {
    loop.stop()
    loop.waitForEnd()
  }

  /// Opens `channel`, unless another one is bridged.
  public func probe(_ channel: RPMsgChannel) throws(RPMsgBusError) { try loop.open(channel) }

  /// Waits for another channel.
  public func remove(_ channel: RPMsgChannel) { loop.release(channel) }
}

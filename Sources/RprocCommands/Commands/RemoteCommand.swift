import ArgumentParser
import PlatformProcess
import RPMsg
import Scheduling
import SharedMemory
import WireTypes

/// `rproc remote`: this process plays the remote for a host in another one.
struct RemoteCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remote",
    abstract: "Plays the remote for a host in another process.",
    discussion: """
      Writes a resource table into a shared file, listens on a Unix socket, and
      serves whoever connects, one host after the other, until Ctrl-C. File and
      socket are those of open-amp's programs, or what the environment says
      (RPROC_SHARED_FILE, RPROC_SOCKET), as it does under `--board process`.

      EXAMPLES
        rproc remote                                   open-amp's channel, echoed
        rproc remote --service my-channel=echo --once  one host, then the end
        rproc remote --service rpmsg-openamp-demo-channel=matrix
      """)

  @Option(
    name: .customLong("service"),
    help: ArgumentHelp(
      "Announce this name and serve it: echo, matrix or crash. May be repeated.",
      valueName: "name=handler"))
  var services: [String] = []

  @Option(help: ArgumentHelp("The shared file.", valueName: "path"))
  var file: String?

  @Option(help: ArgumentHelp("The socket.", valueName: "path"))
  var socket: String?

  @Flag(help: "End when the first host is gone.")
  var once = false

  @Flag(help: "Kick through the socket only, also when the host knows shared words.")
  var socketOnly = false

  var wantsJSON: Bool { false }

  func validate() throws {
    for service in services where RemoteService(service) == nil {
      throw ValidationError(
        "--service takes NAME=HANDLER with a name of 1 to 31 bytes and one of echo, matrix, crash")
    }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    var link = ProcessLink(environment: context.environment)
    if let file { link.file = file }
    if let socket { link.socket = socket }
    link.prefersSharedDoorbell = !socketOnly
    let chosen = services.isEmpty ? ["rpmsg-openamp-demo-channel=echo"] : services
    let task = RemoteTask(services: chosen.compactMap { RemoteService($0) }, context: context)
    do throws(ProcessError) { return try task.run(on: link, once: once) } catch {
      throw Failure(error, about: "remote", status: .unavailable)
    }
  }
}

/// Serves hosts, one after the other.
struct RemoteTask {
  /// What is served.
  let services: [RemoteService]
  /// Where it is told.
  let context: CommandContext

  /// Listens and serves until the user has enough, or with `once` until the first host is gone.
  func run(on link: ProcessLink, once: Bool) throws(ProcessError) -> CommandStatus {
    var remote = try ProcessRemote(link)
    context.output.line("listening on \(SafeText.escaped(link.socket))")
    while true {
      do throws(ProcessError) {
        guard try wait(for: &remote) else { return .interrupted }
        let (count, end) = try serve(&remote)
        context.output.line("host gone after \(count) messages")
        if end == .finished || context.isInterrupted { return .interrupted }
      } catch .peerGone { context.output.line("host gone before its driver was ready") }
      if once { return .done }
      try remote.listen()
    }
  }

  /// Waits for a host; `false` when the user has enough.
  private func wait(for remote: inout ProcessRemote) throws(ProcessError) -> Bool {
    while !context.isInterrupted {
      do throws(ProcessError) {
        try remote.waitForDriver(until: .now.advanced(by: .milliseconds(100)))
        return true
      } catch .timedOut {}
    }
    return false
  }

  private func serve(
    _ remote: inout ProcessRemote
  ) throws(ProcessError) -> (count: Int, end: ProcessRemote.ServeEnd) {
    let kicks = remote.usesSharedDoorbell ? "shared words" : "the socket"
    context.output.line("host connected, kicks by \(kicks)")
    var count = 0
    let names = services.map { WireName($0.name as String) }
    // Endpoints have the addresses from 1024 on, in the order of the services.
    let first = EndpointAddress.firstDynamic.rawValue
    let end = try remote.serve(names, until: { context.isInterrupted }) {
      header, payload, transmitter, _ in
      let index = Int(header.destination.rawValue &- first)
      guard services.indices.contains(index) else { return .done }
      if let answer = services[index].answer(payload) {
        // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory.
        let bytes = unsafe answer.span.bytes
        do throws(RPMsgError) {
          try transmitter.enqueue(bytes, from: header.destination, to: header.source)
        } catch { return .retry }
      }
      count += 1
      return .done
    }
    return (count, end)
  }
}

import Boards
import ELF
import FirmwareFiles
import PlatformNull
import PlatformProcess
import PlatformSimulator
import RPMsgBus
import Remoteproc
import Scheduling
import SharedMemory
import WireTypes

/// What a command does with a session; the platform is chosen by the board.
protocol SessionTask {
  /// Runs from start to stop.
  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus
}

/// Makes the session of a board.
struct SessionMaker {
  /// The board to boot on.
  let board: Board
  /// What serves channels.
  let services: [ServiceChoice]
  /// Limits of the buses, and what their peers mean by feature bits.
  var bus = RPMsgBusOptions()
  /// By what programs outside reach channels.
  var bridges: [BridgeChoice] = []
  /// What plays the remote on a board whose remote is a process; `nil` where nothing is run.
  var program: String?
  /// What a boot loader starts before the session; `nil`: nothing.
  var preloaded: FirmwareImage?

  /// Performs `task` on the processor of the board; the symbols of `elf` name addresses.
  ///
  /// Times of events count from here.
  ///
  /// - Throws: ``Failure`` of the task, or with status 69 when the board cannot be had here.
  func perform(
    _ task: inout some SessionTask, symbolsFrom elf: ELFFile?
  ) throws(Failure) -> CommandStatus {
    // One thread runs the core while the other serves its notifications.
    let pool = WorkerPool(name: "rproc", threadCount: 2, spinTime: .microseconds(50))
    let inbox = NotificationDispatcher(pool: pool).makeInbox()
    let hub = SessionHub(
      log: EventLog(), inbox: inbox, image: elf, options: bus)
    // Before the services, as the user asked for them by name.
    let bridges = try BridgeSet(bridges, hub: hub)
    defer { bridges.close() }
    hub.serve(services)
    if let process = board.process {
      var session = Session(
        platform: try processPlatform(process, inbox), inbox: inbox, hub: hub, chip: nil,
        kicks: { [:] })
      return try task.perform(&session)
    }
    guard board.core != nil else {
      if preloaded != nil {
        throw Failure(
          kind: "Board.noCore", message: "board \(board.name) has no core that could run already",
          status: .unavailable)
      }
      let platform = try nullPlatform()
      let counter = platform.doorbell
      var session = Session(
        platform: platform, inbox: inbox, hub: hub, chip: nil, kicks: { counter.all })
      return try task.perform(&session)
    }
    var platform: SimulatorPlatform
    do throws(SimulatorError) {
      platform = try SimulatorPlatform(board: board, inbox: inbox, pool: pool)
    } catch {
      throw Failure(error, about: "board \(board.name)", status: .unavailable)
    }
    if let preloaded {
      do throws(SimulatorError) { try platform.preload(preloaded) } catch {
        throw Failure(error, about: "board \(board.name)", status: .refused)
      }
    }
    let chip = platform.chip
    var session = Session(platform: platform, inbox: inbox, hub: hub, chip: chip, kicks: { [:] })
    return try task.perform(&session)
  }

  /// A remote that is a process: the program is started, or with ``preloaded`` runs already.
  private func processPlatform(
    _ process: BoardProcess, _ inbox: ProcessorInbox
  ) throws(Failure) -> ProcessPlatform {
    guard let program else {
      throw Failure(
        kind: "Board.process",
        message: "board \(board.name): a program says what it asks for only when it runs",
        status: .unavailable)
    }
    let byteCount = board.memory.first.flatMap { Int(exactly: $0.byteCount) } ?? 0
    let link = ProcessLink(file: process.file, socket: process.socket, byteCount: byteCount)
    do throws(ProcessError) {
      return preloaded == nil
        ? try ProcessPlatform(running: ProcessProgram(path: program), link: link, inbox: inbox)
        : try ProcessPlatform(joining: link, inbox: inbox)
    } catch {
      throw Failure(error, about: "board \(board.name)", status: .unavailable)
    }
  }

  private func nullPlatform() throws(Failure) -> NullPlatform {
    let limit = NullPlatform.maximumPoolByteCount
    guard board.memory.count == 1, let pool = board.memory.first, pool.byteCount <= limit,
      board.iommu == nil, let da = pool.da,
      NullPlatform.canPlacePool(da: da, pa: pool.pa, byteCount: pool.byteCount)
    else {
      throw Failure(
        kind: "Board.nullMemory",
        message: "board \(board.name): a board without a core has one memory of at most "
          + "\(Decimals.size(limit)), elsewhere than the message buffers at 0xa0000000",
        status: .unavailable)
    }
    do throws(SharedMemoryError) {
      return try NullPlatform(da: da, pa: pool.pa, byteCount: Int(pool.byteCount))
    } catch {
      throw Failure(error, about: "board \(board.name)", status: .unavailable)
    }
  }
}

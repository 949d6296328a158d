import Boards
import PlatformNull
import Remoteproc
import SharedMemory

/// `rproc run --report`: one boot, described in one JSON object.
struct ReportCommand {
  private let path: String
  private let board: Board
  private let compat: ProfileArgument

  init(image: String, board: Board, _ compat: ProfileArgument) {
    path = image
    self.board = board
    self.compat = compat
  }

  func execute(_ context: CommandContext) throws(Failure) -> CommandStatus {
    let image = try ImageFile.forCommand(path)
    var task = ReportTask(image: image, profile: compat.profile)
    let status = try SessionMaker(board: board, services: []).perform(&task, symbolsFrom: nil)
    if let report = task.report { context.output.line(report.json.text) }
    if let error = task.report?.error {
      context.report(Failure(boot: error, path: path), json: false)
    }
    return status
  }
}

/// Boots an image for its report.
private struct ReportTask: SessionTask {
  let image: ImageFile
  let profile: CompatibilityProfile
  private(set) var report: BootReport?

  init(image: ImageFile, profile: CompatibilityProfile) {
    self.image = image
    self.profile = profile
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    let options = BootOptions(profile: profile)
    let report = session.report(image.bytes, options: options)
    self.report = report
    guard let error = report.error else { return .done }
    return Failure(boot: error, path: image.path).status
  }
}

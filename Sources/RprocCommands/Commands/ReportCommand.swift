import Boards
import FirmwareFiles
import PlatformNull
import Remoteproc
import SharedMemory

/// `rproc run --report`: one boot, described in one JSON object.
struct ReportCommand {
  private let image: ImageArguments
  private let board: Board
  private let options: BootOptions

  init(image: ImageArguments, board: Board, _ options: BootOptions) {
    self.image = image
    self.board = board
    self.options = options
  }

  func execute(_ context: CommandContext) throws(Failure) -> CommandStatus {
    let file: ImageFile
    do throws(Failure) { file = try image.read(context) } catch {
      // Also of an image that cannot be had there is a report.
      let number = image.errno(reading: error)
      let unread = RemoteprocError.firmware(name: image.image, errno: number)
      context.output.line(
        BootReport(rejected: unread, bootAddress: nil, state: .offline).json.text)
      throw error
    }
    var task = ReportTask(image: file, reading: image.options, options: options)
    let status = try SessionMaker(board: board, services: []).perform(&task, symbolsFrom: nil)
    if let report = task.report { context.output.line(report.json.text) }
    if let error = task.report?.error {
      context.report(Failure(boot: error, path: file.path), json: false)
    }
    return status
  }
}

/// Boots an image for its report.
private struct ReportTask: SessionTask {
  let image: ImageFile
  let reading: FirmwareImage.Options
  let options: BootOptions
  private(set) var report: BootReport?

  init(image: ImageFile, reading: FirmwareImage.Options, options: BootOptions) {
    self.image = image
    self.reading = reading
    self.options = options
  }

  mutating func perform<Platform: PlatformDriver & ~Copyable>(
    _ session: inout Session<Platform>
  ) throws(Failure) -> CommandStatus {
    let report = session.report(image.bytes, reading: reading, options: options)
    self.report = report
    guard let error = report.error else { return .done }
    return Failure(boot: error, path: image.path).status
  }
}

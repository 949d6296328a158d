import Boards
import Remoteproc

/// What a run is to do.
struct RunOptions {
  /// The board to boot on.
  var board: Board
  /// How long the run may last; `nil` has no end.
  var timeout: Duration?
  /// Whether the firmware's own code is the result.
  var untilExit = false
  /// Messages that must have been answered at the end, else they count as lost.
  var expectedMessageCount: UInt64 = 0
  /// How strictly the image is judged, and where it goes.
  var boot = BootOptions()
  /// What is done about crashes.
  var recovery = RecoveryPolicy(mode: .disabled)
  /// What is done about the memory of a remote that crashed.
  var coredump = CoredumpPolicy()
  /// Where trace lines go besides, and how many bytes that may take.
  var traceFile: (path: String, budget: Int)?
  /// What serves channels.
  var services = ServiceChoice.standard
  /// How events are shown.
  var format = EventPrinter.Format.everything
}

import Boards
import Foundation
import PlatformSimulator
import Remoteproc
import Scheduling

let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))

// Two threads serve everything: the simulated core, and what it tells us.
let pool = WorkerPool(name: "remote", threadCount: 2)
let inbox = NotificationDispatcher(pool: pool).makeInbox()
inbox.setEventHandler { event in print(event) }

let board = try Board.named("virt-rv32")
var processor = RemoteProcessor(
  platform: try SimulatorPlatform(board: board, inbox: inbox, pool: pool))

try processor.boot(try ELFFirmware(parsing: image))
print("state: \(processor.state)")
try processor.shutdown()

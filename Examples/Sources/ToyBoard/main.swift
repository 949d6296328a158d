import Foundation
import Remoteproc
import SharedMemory

// Boots an image on the toy board and shows what the life cycle did with it. No core is behind
// these registers, so nothing runs: swap the two windows for mappings of a real board.
let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
let registers = try SharedRegion(byteCount: 4096).window
let board = ToyBoard(ram: try SharedRegion(byteCount: 1 << 20).window, registers: registers)
var processor = RemoteProcessor(platform: board)
try processor.boot(try ELFFirmware(parsing: image))
for carveout in processor.carveouts {
  print("\(carveout.name) at \(carveout.da), \(carveout.byteCount) bytes")
}
print("reset \(registers.loadUInt32(at: 0)), boot address", processor.bootAddress ?? "none")
try processor.shutdown()
print("reset \(registers.loadUInt32(at: 0)), \(processor.state)")

import Foundation

// Figures cycles [COUNT]          1,000 boots and stops, then crashes and recoveries
// Figures load [ROUNDS]           an image of 64 MiB, raw and ELF, beside memcpy
// Figures fleet [COUNT [SECONDS]] 256 processors that answer ten pings a second each
let arguments = CommandLine.arguments.dropFirst()
let numbers = arguments.dropFirst().compactMap { Int($0) }
switch arguments.first {
case "cycles": try await Cycles.run(count: numbers.first ?? 1000)
case "fleet":
  try await Fleet.run(count: numbers.first ?? 256, seconds: numbers.dropFirst().first ?? 10)
case "load": try Load.run(rounds: numbers.first ?? 9)
default:
  print("usage: Figures cycles [COUNT] | load [ROUNDS] | fleet [COUNT [SECONDS]]")
  exit(64)
}

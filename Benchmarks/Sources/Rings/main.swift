import Foundation

// Rings [--quick]                 measures, and prints CSV
// Rings --check [--quick]         measures, and compares with the limits of this machine
// Rings --table FILE...           ratios of earlier runs of this program and of peers
// Rings --remote MODE COUNT       the second process of a measurement
//
// RUNS, MESSAGES, SIZE, ONLY, CPU_A, CPU_B: see Settings. PEERS: a CSV file of peers; the ratios to
// them are printed after the figures.
let arguments = Array(CommandLine.arguments.dropFirst())
let variables = ProcessInfo.processInfo.environment

/// The lines of a CSV file.
func lines(_ path: String) throws -> [String] {
  try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
}

if arguments.count == 3, arguments[0] == "--remote", let count = Int(arguments[2]) {
  try TwoProcesses.serve(arguments[1], count: count)
} else if arguments.first == "--table" {
  var medians = Medians()
  for path in arguments.dropFirst() { try medians.add(try lines(path)) }
  _ = try Report.print("peers.csv", medians)
} else if Set(arguments).isSubset(of: ["--quick", "--check"]) {
  var suite = Suite(Settings(isQuick: arguments.contains("--quick")))
  let figures = try suite.run().lines
  for line in figures { print(line) }
  var medians = Medians()
  try medians.add(figures)
  if let peers = variables["PEERS"] {
    try medians.add(try lines(peers))
    _ = try Report.print("peers.csv", medians)
  }
  if arguments.contains("--check"), try Report.print("limits.csv", medians) > 0 { exit(1) }
} else {
  print("usage: Rings [--check] [--quick] | --table FILE...")
  exit(64)
}

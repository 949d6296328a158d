import Foundation

/// A folder for the files of one test, removed at its end.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "rproc-files-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes `bytes` to the file `name`, which may have directories in it, and returns its path.
  @discardableResult
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
  }
}

/// A program of the system that packs files.
struct Packer: Sendable, CustomStringConvertible {
  let program: String
  let arguments: [String]

  static let xz = Packer(program: "/usr/bin/xz", arguments: ["--stdout", "--check=crc32"])
  static let zstd = Packer(program: "/usr/bin/zstd", arguments: ["--stdout", "--quiet"])
  static let gzip = Packer(program: "/usr/bin/gzip", arguments: ["--stdout"])

  var description: String { ([program] + arguments).joined(separator: " ") }

  /// Whether the program is on this machine; a test that needs it says so and ends when it is not.
  var isThere: Bool {
    let isThere = FileManager.default.isExecutableFile(atPath: program)
    if !isThere { print("skipped: \(program) is not on this machine") }
    return isThere
  }

  /// The same with more arguments.
  func with(_ more: String...) -> Packer {
    Packer(program: program, arguments: arguments + more)
  }

  /// Packs the file at `path`.
  func pack(file path: String) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + [path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    return Array(bytes)
  }

  /// Packs `bytes`.
  func pack(_ bytes: [UInt8]) throws -> [UInt8] {
    let scratch = try Scratch()
    return try pack(file: try scratch.file("plain", bytes))
  }

  /// Packs `bytes` without telling the program how many there are.
  func packFromPipe(_ bytes: [UInt8]) throws -> [UInt8] {
    let scratch = try Scratch()
    let shell = Packer(program: "/bin/sh", arguments: ["-c", "cat \"$0\" | \(self)"])
    return try shell.pack(file: try scratch.file("plain", bytes))
  }
}

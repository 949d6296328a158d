import Foundation
import RprocCommands

/// A run of `rproc` inside this process, with what it wrote.
struct CommandRun {
  let status: Int32
  let output: String
  let errors: String

  /// Runs `rproc` with `arguments`.
  init(_ arguments: String..., environment: [String: String] = [:]) throws {
    try self.init(arguments: arguments, environment: environment)
  }

  init(arguments: [String], environment: [String: String] = [:]) throws {
    let outputFile = try Capture()
    let errorFile = try Capture()
    let context = CommandContext(
      output: outputFile.descriptor, errors: errorFile.descriptor, environment: environment)
    status = RprocTool.run(arguments, context: context)
    output = try outputFile.text()
    errors = try errorFile.text()
  }

  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// The lines of standard output as JSON objects.
  func objects() throws -> [[String: Any]] {
    try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return object as? [String: Any] ?? [:]
    }
  }
}

/// A file without a name that text is written to.
private final class Capture {
  let descriptor: Int32
  private let handle: FileHandle
  private let path: String

  init() throws {
    path = NSTemporaryDirectory() + "rproc-capture-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    descriptor = handle.fileDescriptor
  }

  func text() throws -> String {
    try handle.seek(toOffset: 0)
    return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
  }
}

/// A folder for the files of one test, removed at its end.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "rproc-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes `bytes` to the file `name` and returns its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
  }
}

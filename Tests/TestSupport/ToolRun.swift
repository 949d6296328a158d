import Foundation

/// A program of the machine, such as `readelf`, that checks what we make.
public struct Tool: Sendable {
  /// Where it is.
  public let path: String

  /// Finds the program in the usual places; `nil` when it is not installed.
  public init?(_ name: String) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    let found = path.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else { return nil }
    self.path = found
  }

  /// What a run of the program came to.
  public struct Run: Sendable {
    /// Its exit status.
    public let status: Int32
    /// What it wrote.
    public let output: String
    /// What it wrote to its standard error.
    public let errors: String
  }

  /// Runs the program to its end.
  public func run(_ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let output = NSTemporaryDirectory() + "tool-\(UUID().uuidString)"
    let errors = output + ".err"
    for file in [output, errors] {
      _ = FileManager.default.createFile(atPath: file, contents: nil)
    }
    defer {
      unlink(output)
      unlink(errors)
    }
    // Files, as two pipes would have to be read at once.
    let outputHandle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    let errorHandle = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    process.standardOutput = outputHandle
    process.standardError = errorHandle
    try process.run()
    process.waitUntilExit()
    return Run(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self))
  }
}

/// A folder for the files of one test, removed at its end.
public final class TemporaryFolder: Sendable {
  /// The path of the folder.
  public let path: String

  /// Makes an empty folder.
  public init() throws {
    path = NSTemporaryDirectory() + "rproc-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Names in the folder, sorted.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// The bytes of the file `name`.
  public func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
  }
}

/// A file system of a given size, for tests of a full disk.
public final class TinyDisk: Sendable {
  private let folder: TemporaryFolder
  /// Where it is mounted.
  public var path: String { folder.path }

  /// Mounts a file system of `byteCount` bytes; `nil` when that needs more rights than we have.
  public init?(byteCount: Int) throws {
    folder = try TemporaryFolder()
    guard let mount = Tool("mount"), geteuid() == 0 else { return nil }
    let run = try mount.run(["-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", folder.path])
    guard run.status == 0 else { return nil }
  }

  deinit { umount2(folder.path, 2 /* when nobody uses it any more */) }

  /// Whether such a file system can be had here.
  public static let isPossible: Bool = {
    do { return try TinyDisk(byteCount: 16384) != nil } catch { return false }
  }()
}

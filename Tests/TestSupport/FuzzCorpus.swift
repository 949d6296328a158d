import Foundation

/// The committed inputs of one fuzzer, which tests replay and remake.
///
/// With the environment variable RPROC_WRITE_CORPUS set, ``isCurrent(_:_:)`` writes the file
/// instead of comparing it.
public struct FuzzCorpus: Sendable {
  private let folder: URL

  /// The inputs of `target` in the package `Fuzzing`.
  public init(target: String) {
    folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzzing/Corpus").appendingPathComponent(target)
  }

  /// All inputs with their file names, those that a fuzzer found included.
  public func inputs() throws -> [(name: String, bytes: [UInt8])] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      (name, Array(try Data(contentsOf: folder.appendingPathComponent(name))))
    }
  }

  /// Whether the committed file `name` has these bytes.
  public func isCurrent(_ name: String, _ bytes: [UInt8]) throws -> Bool {
    let file = folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["RPROC_WRITE_CORPUS"] != nil {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    return Array(try Data(contentsOf: file)) == bytes
  }
}

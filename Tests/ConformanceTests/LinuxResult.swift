import Foundation

/// What Linux did with one image, as `results.jsonl` has it.
struct LinuxResult: Decodable {
  struct Memory: Decodable {
    let name: String
    let da: String
    let pa: String
    let len: String
    let nonzero: [String: String]?
  }

  struct Device: Decodable {
    let device: String
    let status: String
  }

  let name: String
  let about: String
  let opts: String?
  let outcome: String
  let when: String?
  let errno: String?
  let bootaddr: String?
  let table: String?
  let state: String?
  let carveouts: [Memory]?
  let traces: [String: String]?
  let virtio: [Device]?
  let ops: String?
  let ops_after: String?
  let info: String?
  let state_after: String?
  let crash: Crash?

  /// What Linux did after a crash was reported.
  struct Crash: Decodable {
    let errno: String?
    let bootaddr: String?
    let table: String?
    let state: String?
    let carveouts: [Memory]?
    let traces: [String: String]?
    let virtio: [Device]?
    let ops: String?
    let coredump: String?
  }

  /// The image after the crash, in the form of a result of its own.
  var recovered: LinuxResult? {
    guard let crash else { return nil }
    return LinuxResult(
      name: name, about: about, opts: opts, outcome: outcome, when: nil,
      errno: crash.errno ?? "OK", bootaddr: crash.bootaddr, table: crash.table, state: crash.state,
      carveouts: crash.carveouts, traces: crash.traces, virtio: crash.virtio, ops: crash.ops,
      ops_after: nil, info: nil, state_after: "offline", crash: nil)
  }

  /// The number after `key=` in the options.
  func option(_ key: String) -> Int32? {
    for word in (opts ?? "").split(separator: " ") where word.hasPrefix("\(key)=") {
      return Int32(word.dropFirst(key.count + 1))
    }
    return nil
  }

  /// The number after `key` in a list of words such as `power 1 table_sz 76`.
  static func number(_ key: String, in text: String?) -> Int? {
    let words = (text ?? "").split(separator: " ")
    return words.firstIndex { $0 == key }.flatMap { index in
      words.indices.contains(index + 1) ? Int(words[index + 1]) : nil
    }
  }

  /// `kicks` of the driver calls: id to count.
  var kicks: [UInt32: UInt64] {
    guard let ops, let range = ops.range(of: "kicks") else { return [:] }
    var kicks: [UInt32: UInt64] = [:]
    for word in ops[range.upperBound...].split(separator: " ") {
      let parts = word.split(separator: ":")
      if parts.count == 2, let id = UInt32(parts[0]) { kicks[id] = UInt64(parts[1]) }
    }
    return kicks
  }
}

/// The folder with the images and what Linux did with them.
enum LinuxReference {
  static let folder: URL? = {
    let named = ProcessInfo.processInfo.environment["RPROC_CONFORMANCE"]
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let beside = root.deletingLastPathComponent().appendingPathComponent("shared/conformance")
    let folder = (named.map { URL(fileURLWithPath: $0) } ?? beside)
      .appendingPathComponent("linux-6.1")
    let results = folder.appendingPathComponent("results.jsonl")
    return FileManager.default.fileExists(atPath: results.path) ? folder : nil
  }()

  static func results() throws -> [LinuxResult] {
    guard let folder else { return [] }
    let text = try String(
      contentsOf: folder.appendingPathComponent("results.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map {
      try JSONDecoder().decode(LinuxResult.self, from: Data($0.utf8))
    }
  }

  /// The bytes of an image; `nil` when there is no such file.
  static func image(_ name: String) -> [UInt8]? {
    guard let folder else { return nil }
    let file = folder.appendingPathComponent("images").appendingPathComponent(name)
    return FileManager.default.contents(atPath: file.path).map(Array.init)
  }
}

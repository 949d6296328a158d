import Foundation

/// What the threads of one worker pool use, found by the pool's name.
enum PoolUsage {
  /// Identifiers of the threads named `name`.
  static func threads(_ name: String) -> [String] {
    let folder = "/proc/self/task"
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { read("\(folder)/\($0)/comm") == name + "\n" }
  }

  /// Processor time that the threads named `name` took so far.
  static func processorTime(_ name: String) -> Duration {
    let nanoseconds = threads(name).map { thread in
      let fields = read("/proc/self/task/\(thread)/schedstat").split(separator: " ")
      return fields.first.flatMap { Int64($0) } ?? 0
    }
    return .nanoseconds(nanoseconds.reduce(0, +))
  }

  /// Memory files that this process has open.
  static var memoryFileCount: Int {
    let folder = "/proc/self/fd"
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.count { file in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(file)")
      return target?.contains("memfd:rproc") ?? false
    }
  }

  private static func read(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}

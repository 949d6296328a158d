import Foundation

/// What this process holds at one moment.
struct ProcessUsage {
  var fileDescriptors: Int
  var threads: Int
  var mappings: Int
  /// Resident kibibytes by kind: private, of files, shared (the memory of simulated boards).
  var anonymous: Int
  var file: Int
  var shared: Int
  /// Seconds of processor time so far.
  var processorSeconds: Double

  /// Kibibytes resident in all.
  var resident: Int { anonymous + file + shared }

  static var now: ProcessUsage {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    func field(_ name: String) -> Int {
      for line in status.split(separator: "\n") where line.hasPrefix(name + ":") {
        return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
      }
      return 0
    }
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return ProcessUsage(
      fileDescriptors: files.count, threads: field("Threads"),
      mappings: maps.split(separator: "\n").count, anonymous: field("RssAnon"),
      file: field("RssFile"), shared: field("RssShmem"),
      processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
  }

  var description: String {
    "fds \(fileDescriptors)  threads \(threads)  mappings \(mappings)  "
      + "resident \(resident) KiB (private \(anonymous), files \(file), shared \(shared))"
  }
}

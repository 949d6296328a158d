import FirmwareFiles
import Foundation
import PlatformNull
import Remoteproc
import Scheduling
import SharedMemory
import WireTypes

/// Reads and loads an image of 64 MiB, raw and ELF, beside a copy of as many bytes in memory.
enum Load {
  private static let byteCount = 64 << 20
  private static let base = DeviceAddress(rawValue: 0x8000_0000)

  /// A board with 96 MiB of RAM that the remote sees, and no processor.
  private struct Memory: PlatformDriver {
    let doorbell = KickCounter()
    let window: SharedWindow

    mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
      throw .outOfMemory(needed: request.byteCount, available: 0)
    }
    mutating func release(_ grant: MemoryGrant) {}
    func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? {
      range.start.offset(from: base).flatMap { window.window(at: $0, byteCount: range.byteCount) }
    }
    mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {}
    mutating func stop() throws(PlatformError) {}
  }

  static func run(rounds: Int) throws {
    let folder = FileManager.default.temporaryDirectory
    let paths = ["bin", "elf"].map { folder.appendingPathComponent("figures-load.\($0)") }
    let contents = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try Data(contents).write(to: paths[0])
    try Data(elf(contents)).write(to: paths[1])
    defer {
      for path in paths {
        do { try FileManager.default.removeItem(at: path) } catch { print("\(path): \(error)") }
      }
    }
    for isTouched in [true, false] {
      try compare(contents, paths.map(\.path), isTouched: isTouched, rounds: rounds)
    }
  }

  /// Rounds of one copy and one load of each file, with targets that were touched before or not.
  private static func compare(
    _ contents: [UInt8], _ paths: [String], isTouched: Bool, rounds: Int
  ) throws {
    var copies: [Double] = []
    var figures: [[(read: Double, load: Double)]] = [[], []]
    for _ in 0..<rounds {
      copies.append(try copy(contents, isTouched))
      for (index, path) in paths.enumerated() { figures[index].append(try load(path, isTouched)) }
    }
    let reference = median(copies)
    print(
      "memcpy of 64 MiB into \(isTouched ? "touched" : "new") memory: \(milliseconds(reference))")
    for (name, values) in zip(["raw", "ELF"], figures) {
      let read = median(values.map(\.read))
      let load = median(values.map(\.load))
      let both = median(values.map { $0.read + $0.load })
      print(
        "\(name): read \(milliseconds(read)), load \(milliseconds(load)), both "
          + "\(milliseconds(both)): \(percent(reference / load)) of memcpy speed for the load, "
          + "\(percent(reference / both)) for both")
    }
  }

  /// A copy as the C library does it, from private memory to shared memory.
  private static func copy(_ contents: [UInt8], _ isTouched: Bool) throws -> Double {
    let window = try SharedRegion(byteCount: byteCount).window
    if isTouched { window.fill(from: 0, count: byteCount, with: 1) }
    return seconds { window.copyIn(contents.span.bytes, at: 0) }
  }

  /// The file to private memory, and from there to the target's memory.
  private static func load(
    _ path: String, _ isTouched: Bool
  ) throws -> (read: Double, load: Double) {
    let window = try SharedRegion(byteCount: 96 << 20).window
    if isTouched { window.fill(from: 0, count: window.byteCount, with: 1) }
    var processor = RemoteProcessor(platform: Memory(window: window))
    let start = MonotonicTime.now
    let file = try ImageFile(path: path)
    let middle = MonotonicTime.now
    let address = path.hasSuffix("bin") ? base : nil
    let image = try FirmwareImage(parsing: file.bytes, .init(loadAddress: address))
    try processor.boot(image, options: BootOptions(tableIsOptional: true))
    let end = MonotonicTime.now
    try processor.shutdown()
    return (middle.since(start) / .seconds(1), end.since(middle) / .seconds(1))
  }

  /// An ELF32 file of one segment.
  private static func elf(_ contents: [UInt8]) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    func half(_ value: Int) -> [UInt8] { Array(word(value).prefix(2)) }
    let address = Int(base.rawValue)
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    file += half(2) + half(243) + word(1) + word(address) + word(52) + word(0) + word(0)
    file += half(52) + half(32) + half(1) + half(40) + half(0) + half(0)
    file += word(1) + word(84) + word(address) + word(address)
    return file + word(contents.count) + word(contents.count) + word(7) + word(4) + contents
  }

  private static func seconds(_ body: () -> Void) -> Double {
    let start = MonotonicTime.now
    body()
    return MonotonicTime.now.since(start) / .seconds(1)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
  private static func milliseconds(_ seconds: Double) -> String {
    String(format: "%.1f ms", seconds * 1000)
  }
  private static func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }
}

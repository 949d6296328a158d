import Coredump
import ELF
import Remoteproc
import Scheduling
import SharedMemory
import WireTypes

/// A dump in the form of Linux by a driver that registers the segments of the image, as the driver
/// of the reference does.
enum LinuxDump {
  /// The whole file; `nil` when it cannot be made.
  static func bytes<Platform: PlatformDriver & ~Copyable>(
    of processor: borrowing RemoteProcessor<Platform>, image: [UInt8]
  ) -> [UInt8]? {
    guard let file = try? ELFFile(parsing: image) else { return nil }
    let loaded = file.segments.filter(\.isLoadable)
    let contents = CoredumpContents(
      form: .linux, elfClass: file.elfClass, machine: file.machine, entry: file.entry,
      segments: loaded.map {
        CoredumpSegment(name: WireName(), da: $0.physicalAddress, byteCount: $0.memoryByteCount)
      })
    var memory = WindowMemory(
      windows: loaded.map { segment in
        AddressRange(start: segment.physicalAddress, byteCount: segment.memoryByteCount)
          .flatMap { processor.window(at: $0) }
      })
    var sink = ByteSink()
    guard let layout = try? CoredumpLayout(contents),
      (try? CoredumpWriter.write(layout, from: &memory, to: &sink, timeLimit: .seconds(10))) != nil
    else { return nil }
    return sink.bytes
  }
}

private struct WindowMemory: CoredumpMemory {
  let windows: [SharedWindow?]

  mutating func read(
    segment: Int, at offset: UInt64, into target: inout MutableRawSpan
  ) -> Bool {
    guard let window = windows[segment] else { return false }
    window.sample(from: Int(offset), into: &target)
    return true
  }
}

private struct ByteSink: CoredumpSink {
  var bytes: [UInt8] = []

  mutating func write(_ span: RawSpan, until deadline: MonotonicTime) throws(CoredumpError) {
    for index in 0..<span.byteCount {
      bytes.append(span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
  }

  mutating func skip(_ byteCount: UInt64, until deadline: MonotonicTime) throws(CoredumpError) {
    bytes += [UInt8](repeating: 0, count: Int(byteCount))
  }

  mutating func finish() throws(CoredumpError) {}
}

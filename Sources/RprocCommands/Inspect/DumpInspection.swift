import Coredump
import ELF
import WireTypes

/// What a core dump says of a crash.
struct DumpInspection {
  /// The path as the user gave it.
  let path: String
  /// Headers and notes.
  let reader: CoredumpReader
  /// The resource table as the remote saw it.
  let table: TableInspection?

  /// Most lines of one trace buffer that are shown, the last ones.
  static let maxLineCount = 40

  /// Reads the dump at `path`; `nil` when it is no core dump, or cannot be opened.
  ///
  /// - Throws: ``Failure`` when its notes cannot be read.
  init?(path: String) throws(Failure) {
    do throws(CoredumpError) { reader = try CoredumpReader(path: path) } catch {
      switch error {
      case .image, .notCore, .system: return nil
      default: throw Failure(error, about: path, status: .refused)
      }
    }
    // Those of Linux minidumps are sections, which an image has as well.
    guard !reader.segments.isEmpty || !reader.notes.isEmpty else { return nil }
    self.path = path
    table = reader.table.map {
      TableInspection(bytes: $0.bytes, section: nil, version: nil, path: path)
    }
  }

  /// The pieces of memory, with names where they are known.
  var regions: [CoredumpMemoryMap.Region] {
    if let map = reader.memoryMap { return map.regions }
    return reader.segments.map { segment in
      CoredumpMemoryMap.Region(
        CoredumpSegment(
          name: WireName(), da: segment.physicalAddress, byteCount: segment.memoryByteCount))
    }
  }
}

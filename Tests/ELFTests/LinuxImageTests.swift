import ELF
import Foundation
import ResourceTable
import Testing

/// What Linux 6.1 did with one image.
private struct Observation: Decodable {
  let name: String
  let outcome: String
  let when: String?
}

/// Images and what Linux did with them; they lie beside the checkout, or where the environment
/// variable RPROC_CONFORMANCE says.
private enum LinuxImages {
  static let folder: URL? = {
    let environment = ProcessInfo.processInfo.environment["RPROC_CONFORMANCE"]
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder =
      environment.map { URL(fileURLWithPath: $0) }
      ?? root.deletingLastPathComponent().appendingPathComponent("shared/conformance")
    let linux = folder.appendingPathComponent("linux-6.1")
    return FileManager.default.fileExists(atPath: linux.path) ? linux : nil
  }()

  static func observations() throws -> [Observation] {
    guard let folder else { return [] }
    let text = try String(
      contentsOf: folder.appendingPathComponent("results.jsonl"), encoding: .utf8)
    let decoder = JSONDecoder()
    return try text.split(separator: "\n").map {
      try decoder.decode(Observation.self, from: Data($0.utf8))
    }
  }

  /// The image, or `nil` for the run that had none.
  static func image(_ name: String) throws -> [UInt8]? {
    guard let folder else { return nil }
    let file = folder.appendingPathComponent("images").appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return Array(try Data(contentsOf: file))
  }
}

@Suite(
  "Images that Linux 6.1 was given",
  .enabled(
    if: LinuxImages.folder != nil,
    "no images: set RPROC_CONFORMANCE, or put them at ../shared/conformance"))
struct LinuxImageTests {
  private struct NoTable: Error {}

  /// Reads an image as far as Linux does, and everything in it.
  private func read(_ bytes: [UInt8]) throws {
    let file = try ELFFile(parsing: bytes)
    try file.checkSectionTableOffset()
    try file.checkHasSegments()
    let found = try file.section(named: ".resource_table", strictness: .memorySafe)
    guard let section = found else { throw NoTable() }
    let table = Array(try file.bytes(of: section, strictness: .memorySafe))
    let reader = try ResourceTableReader(parsing: table, version: .v1)
    for entry in try reader.entries() {
      try entry.checkVringCount(0...2)
      guard case .vdev(let vdev) = entry.resource else { continue }
      for ring in 0..<Int(vdev.vringCount) { _ = try reader.vring(at: ring, of: entry) }
    }
    for segment in file.segments where segment.isLoadable {
      _ = try file.bytes(of: segment)
      _ = try file.addressRange(of: segment)
    }
  }

  @Test("What Linux ran is read, what made it read outside is refused, nothing traps")
  func images() throws {
    let observations = try LinuxImages.observations()
    let crashed = Set(observations.filter { $0.outcome == "kernel-crash" }.map(\.name))
    var (ran, refused) = (0, 0)
    for observation in observations {
      guard let bytes = try LinuxImages.image(observation.name) else { continue }
      // Where the same image crashed Linux when it filled a page, running was luck.
      let twin = observation.name.replacingOccurrences(of: ".elf", with: "-page.elf")
      switch (observation.outcome, observation.when) {
      case ("running", _) where !crashed.contains(twin):
        ran += 1
        #expect(throws: Never.self, "\(observation.name)") { try read(bytes) }
      case ("kernel-crash", "start"):
        refused += 1
        #expect(throws: ELFError.self, "\(observation.name)") { try read(bytes) }
      default: _ = Result { try read(bytes) }
      }
    }
    #expect(ran > 0)
    #expect(refused > 0)
    print("\(observations.count) observations: \(ran) images read, \(refused) refused as they must")
  }
}

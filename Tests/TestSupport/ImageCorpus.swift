import Foundation

/// Firmware images that are there for every test: those of the package, and those that were tried
/// on Linux when that folder is beside the checkout.
public enum ImageCorpus {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The images that the package ships, by name.
  public static func shipped() throws -> [(name: String, bytes: [UInt8])] {
    try elfFiles(in: root.appendingPathComponent("Sources/RprocCommands/Images"))
  }

  /// The images that were tried on Linux 6.1, by name; none without the folder.
  public static func conformance() throws -> [(name: String, bytes: [UInt8])] {
    let named = ProcessInfo.processInfo.environment["RPROC_CONFORMANCE"]
    let beside = root.deletingLastPathComponent().appendingPathComponent("shared/conformance")
    let folder = (named.map { URL(fileURLWithPath: $0) } ?? beside)
      .appendingPathComponent("linux-6.1/images")
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    return try elfFiles(in: folder)
  }

  private static func elfFiles(in folder: URL) throws -> [(name: String, bytes: [UInt8])] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".elf") }
      .map { name in (name, Array(try Data(contentsOf: folder.appendingPathComponent(name)))) }
  }
}

/// Small changes of an image that are likely to break one rule.
public struct ImageMutator {
  private static let words: [UInt32] = [
    0, 1, 2, 3, 4, 5, 7, 12, 16, 128, 4096, 6000, 0x1_0000, 0x100_0000, 0x4000_0000, 0x7fff_ffff,
    0x8000_0000, 0x8000_1000, 0x8100_0000, 0xffff_f000, 0xffff_fffe, 0xffff_ffff,
  ]

  private var generator: SeededGenerator

  /// Starts the changes of `seed`.
  public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// `image` with one to three words or bytes changed, or cut.
  ///
  /// `hot` is where most changes go, such as headers and tables.
  public mutating func mutate(_ image: [UInt8], hot: [Range<Int>]) -> [UInt8] {
    var image = image
    guard image.count > 8 else { return image }
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let range = hot.randomElement(using: &generator) ?? 0..<image.count
      let inside = range.clamped(to: 0..<image.count - 4)
      guard !inside.isEmpty else { continue }
      let at = Int.random(in: inside, using: &generator)
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: image[at] = UInt8.random(in: .min ... .max, using: &generator)
      case 1: image[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2:
        // Only now and then, as little is left to check then.
        if Int.random(in: 0..<8, using: &generator) == 0 { image.removeLast(image.count - at) }
      default:
        let aligned = inside.lowerBound + (at - inside.lowerBound) / 4 * 4
        image.patch(Self.words.randomElement(using: &generator) ?? 0, at: aligned)
      }
      guard image.count > 8 else { return image }
    }
    return image
  }
}

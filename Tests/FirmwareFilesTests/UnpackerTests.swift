import FirmwareFiles
import Foundation
import Testing

/// Each packer with what it makes.
private let packers: [(Packer, Compression)] = [
  (.xz, .xz), (.xz.with("--check=none"), .xz), (.xz.with("--check=sha256", "-9e"), .xz),
  (.zstd, .zstd), (.zstd.with("-19"), .zstd), (.gzip, .gzip), (.gzip.with("-9"), .gzip),
]

/// Bytes that pack neither too well nor not at all.
private func sample(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
}

@Suite("Compressed images")
struct UnpackerTests {
  private func refusal(
    of bytes: [UInt8], limit: Int = ImageFile.maxByteCount, unpacker: Unpacker = Unpacker()
  ) throws -> (ImageFileError?, path: String) {
    let scratch = try Scratch()
    let path = try scratch.file("a", bytes)
    do throws(ImageFileError) {
      _ = try ImageFile(path: path, unpacker: unpacker, limit: limit)
      return (nil, path)
    } catch { return (error, path) }
  }

  @Test("What was packed comes back, of any size", arguments: packers)
  func roundTrip(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let scratch = try Scratch()
    for count in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
      let path = try scratch.file("a", try packer.pack(sample(count)))
      let image = try ImageFile(path: path)
      #expect(image.bytes == sample(count), "\(count) bytes")
      #expect(image.compression == compression)
    }
  }

  @Test(
    "A file whose header does not tell its size",
    arguments: [
      (Packer.zstd, Compression.zstd), (.xz, .xz), (.gzip, .gzip),
    ])
  func unknownSize(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let scratch = try Scratch()
    for count in [0, 100_000, 1 << 20] {
      let path = try scratch.file("a", try packer.packFromPipe(sample(count)))
      #expect(try ImageFile(path: path).bytes == sample(count))
    }
  }

  @Test(
    "The limit counts unpacked bytes, before memory is taken",
    arguments: [
      (Packer.xz, Compression.xz, true), (.zstd, .zstd, true), (.gzip, .gzip, true),
    ])
  func limit(packer: Packer, compression: Compression, isDeclared: Bool) throws {
    guard packer.isThere else { return }
    let packed = try packer.pack([UInt8](repeating: 0, count: 1_000_000))
    #expect(try refusal(of: packed, limit: 1_000_000).0 == nil)
    let (error, path) = try refusal(of: packed, limit: 999_999)
    #expect(
      error == .unpacksTooLarge(compression, byteCount: 1_000_000, limit: 999_999, path: path))
  }

  @Test(
    "A bomb that hides its size ends at the limit",
    arguments: [
      (Packer.zstd, Compression.zstd)
    ])
  func bomb(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let packed = try packer.packFromPipe([UInt8](repeating: 0, count: 8 << 20))
    #expect(packed.count < 4096)
    let (error, path) = try refusal(of: packed, limit: 1 << 20)
    #expect(error == .unpacksTooLarge(compression, byteCount: nil, limit: 1 << 20, path: path))
  }

  @Test("A gzip file of zeros that tells a small size is measured, and refused at the limit")
  func gzipLies() throws {
    guard Packer.gzip.isThere else { return }
    var packed = try Packer.gzip.pack([UInt8](repeating: 0, count: 8 << 20))
    packed.replaceSubrange((packed.count - 4)..., with: [1, 0, 0, 0])
    let (error, path) = try refusal(of: packed, limit: 1 << 20)
    #expect(error == .unpacksTooLarge(.gzip, byteCount: nil, limit: 1 << 20, path: path))
    // With room for it zlib finds the lie.
    #expect(
      try refusal(of: packed).0 == .unpacking(.gzip, .corrupt(code: -3), path: path)
        || fault(try refusal(of: packed).0) == .corrupt(code: -3))
  }

  private func fault(_ error: ImageFileError?) -> ImageFileError.UnpackFault? {
    guard case .unpacking(_, let fault, _)? = error else { return nil }
    return fault
  }

  @Test("E19 A compressed file that is cut anywhere is refused", arguments: packers)
  func truncated(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let packed = try packer.pack(sample(2000))
    for count in Swift.stride(from: 6, to: packed.count, by: 3) {
      let (error, _) = try refusal(of: Array(packed[..<count]))
      #expect(fault(error) == .truncated, "cut at \(count): \(String(describing: error))")
    }
  }

  @Test("Bytes behind the first stream are refused, also a second stream", arguments: packers)
  func trailing(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let packed = try packer.pack(sample(5000))
    for tail in [[0], [1, 2, 3, 4], packed] as [[UInt8]] {
      let (error, _) = try refusal(of: packed + tail)
      #expect(fault(error) == .trailingBytes(offset: packed.count, count: tail.count))
    }
  }

  @Test("A file with one byte changed is refused, or the byte did not matter", arguments: packers)
  func damaged(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    let plain = sample(2000)
    let packed = try packer.pack(plain)
    let scratch = try Scratch()
    var refusals = 0
    for index in Swift.stride(from: 0, to: packed.count, by: 5) {
      var bytes = packed
      bytes[index] ^= 0x55
      let path = try scratch.file("a", bytes)
      do throws(ImageFileError) {
        let image = try ImageFile(path: path)
        if image.compression != nil, !packer.arguments.contains("--check=none") {
          #expect(image.bytes == plain, "byte \(index)")
        }
      } catch {
        refusals += 1
        #expect(!error.description.contains("\n"))
      }
    }
    #expect(refusals > 0)
  }

  @Test("A missing library is named, and nothing else needs it", arguments: packers)
  func missingLibrary(packer: Packer, compression: Compression) throws {
    guard packer.isThere else { return }
    var unpacker = Unpacker()
    unpacker.lzmaLibrary = "libnone-a.so.1"
    unpacker.zstdLibrary = "libnone-b.so.1"
    unpacker.zlibLibrary = "libnone-c.so.1"
    let library = ["xz": "libnone-a.so.1", "zstd": "libnone-b.so.1", "gzip": "libnone-c.so.1"]
    let (error, path) = try refusal(of: try packer.pack(sample(10)), unpacker: unpacker)
    let name = try #require(library[compression.rawValue])
    #expect(error == .libraryMissing(compression, library: name, path: path))
    #expect(
      error?.description
        == "\(path): \(compression.rawValue) images need \(name), which is not on this machine")
    #expect(try refusal(of: sample(10), unpacker: unpacker).0 == nil)
  }

  @Test("A library without the functions is as good as none")
  func foreignLibrary() throws {
    guard Packer.xz.isThere else { return }
    var unpacker = Unpacker()
    unpacker.lzmaLibrary = "libm.so.6"
    let (error, path) = try refusal(of: try Packer.xz.pack(sample(10)), unpacker: unpacker)
    #expect(error == .libraryMissing(.xz, library: "libm.so.6", path: path))
  }

  @Test("A window beyond what the library takes is not supported")
  func hugeWindow() throws {
    // A frame header that asks for a window of 1 TiB: descriptor, window byte, an empty last block.
    let (error, _) = try refusal(of: [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf0, 0x01, 0x00, 0x00])
    guard case .libraryMissing? = error else {
      #expect(fault(error) == .unsupported(code: 16))
      return
    }
  }
}

import FirmwareFiles
import Foundation
import Testing

@Suite("Where firmware is looked for")
struct FirmwareSearchTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func search(_ names: String...) -> FirmwareSearch {
    FirmwareSearch(directories: names.map { "\(scratch.path)/\($0)" })
  }

  @Test("The directories of Linux in its order, behind those of the user")
  func standard() {
    #expect(
      FirmwareSearch.standard(custom: ["/a"], release: "6.1").directories == [
        "/a", "/lib/firmware/updates/6.1", "/lib/firmware/updates", "/lib/firmware/6.1",
        "/lib/firmware",
      ])
    #expect(FirmwareSearch.kernelRelease.contains("."))
    #expect(!FirmwareSearch.kernelRelease.contains("\0"))
  }

  @Test("The first directory that has the name counts; empty ones are passed over")
  func order() throws {
    try scratch.file("two/fw", [2])
    try scratch.file("three/fw", [3])
    var search = search("one", "two", "three")
    search.directories.insert("", at: 0)
    let image = try search.read("fw")
    #expect(image.bytes == [2])
    #expect(image.path == "\(scratch.path)/two/fw")
  }

  @Test("A plain file in the last directory comes before a compressed one in the first")
  func plainFirst() throws {
    guard Packer.zstd.isThere, Packer.xz.isThere, Packer.gzip.isThere else { return }
    try scratch.file("one/fw.zst", try Packer.zstd.pack([1]))
    try scratch.file("two/fw", [2])
    #expect(try search("one", "two").read("fw").bytes == [2])
    // Then all .zst, then all .xz, then ours.
    try scratch.file("a/x.xz", try Packer.xz.pack([3]))
    try scratch.file("b/x.zst", try Packer.zstd.pack([4]))
    try scratch.file("a/x.gz", try Packer.gzip.pack([5]))
    #expect(try search("a", "b").read("x").bytes == [4])
    #expect(try search("a").read("x").bytes == [3])
    try FileManager.default.removeItem(atPath: "\(scratch.path)/a/x.xz")
    #expect(try search("a").read("x").bytes == [5])
    #expect(try search("a").read("x").compression == .gzip)
  }

  @Test("A name may have directories in it")
  func nested() throws {
    try scratch.file("one/vendor/dsp/fw", [7])
    #expect(try search("one").read("vendor/dsp/fw").bytes == [7])
  }

  @Test(
    "A name that goes anywhere else is refused",
    arguments: [
      "", "/etc/passwd", "..", "../fw", "a/../fw", "a/..", "a\0b",
    ])
  func badNames(name: String) {
    #expect(!FirmwareSearch.isSearchable(name))
    #expect(throws: ImageFileError.badName(name)) { try search("one").read(name) }
  }

  @Test("Names with dots that go nowhere are names")
  func dots() {
    for name in ["..a", "a..", "...", "a/..b/c", "./a"] {
      #expect(FirmwareSearch.isSearchable(name))
    }
  }

  @Test("What no directory has is told with all of them")
  func notFound() throws {
    try scratch.file("one/other", [1])
    let search = search("one", "two")
    let error = ImageFileError.notFound(name: "fw", directories: search.directories)
    #expect(throws: error) { try search.read("fw") }
    #expect(
      error.description
        == "fw: not found in \(scratch.path)/one, \(scratch.path)/two (with .zst, .xz, .gz, too)")
  }

  @Test("E20 A symbolic link may lead around inside its directory, not out of it")
  func links() throws {
    let outside = try scratch.file("outside", [1])
    try scratch.file("one/real", [2])
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: "\(scratch.path)/one/inner", withDestinationPath: "real")
    #expect(try search("one").read("inner").bytes == [2])
    for (name, target) in [("up", "../outside"), ("absolute", outside)] {
      let path = "\(scratch.path)/one/\(name)"
      try files.createSymbolicLink(atPath: path, withDestinationPath: target)
      do throws(ImageFileError) {
        _ = try search("one").read(name)
        Issue.record("\(name) was read")
      } catch {
        // Without openat2 no link is followed at all.
        #expect(
          error == .leavesDirectory(path: path) || error == .system(.open, path: path, errno: ELOOP)
        )
      }
    }
  }

  @Test("E20 A directory, a FIFO or a device of the name ends the search")
  func notRegular() throws {
    try scratch.file("one/dir/x", [])
    try scratch.file("two/dir", [1])
    let path = "\(scratch.path)/one/dir"
    #expect(throws: ImageFileError.notRegular(.directory, path: path)) {
      try search("one", "two").read("dir")
    }
    let fifo = "\(scratch.path)/one/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(throws: ImageFileError.notRegular(.fifo, path: fifo)) {
      try search("one", "two").read("fifo")
    }
  }

  @Test(
    "E20 A file of 5 GiB is refused, compressed or not by its name",
    arguments: [
      "big", "big.zst",
    ])
  func tooLarge(name: String) throws {
    let path = try scratch.file("one/\(name)", [])
    #expect(truncate(path, 5 << 30) == 0)
    #expect(
      throws: ImageFileError.tooLarge(
        byteCount: 5 << 30, limit: ImageFile.maxByteCount, path: path)
    ) {
      try search("one").read("big")
    }
  }

  @Test(
    "A suffix that promises another compression than the bytes have",
    arguments: [
      ("fw.xz", Compression.xz), ("fw.zst", .zstd), ("fw.gz", .gzip),
    ])
  func otherFormat(name: String, compression: Compression) throws {
    let path = try scratch.file("one/\(name)", [0x7f, 0x45, 0x4c, 0x46])
    try scratch.file("two/\(name)", [0x7f, 0x45, 0x4c, 0x46])
    #expect(throws: ImageFileError.unpacking(compression, .otherFormat, path: path)) {
      try search("one", "two").read("fw")
    }
  }

  @Test("A directory that may not be searched ends the search")
  func unreadable() throws {
    try scratch.file("one/fw", [1])
    let path = "\(scratch.path)/one/fw/deeper"
    // A file where a directory is needed is no such file.
    #expect(
      throws: ImageFileError.notFound(name: "fw/deeper", directories: ["\(scratch.path)/one"])
    ) {
      try search("one").read("fw/deeper")
    }
    #expect(path.hasSuffix("deeper"))
  }
}

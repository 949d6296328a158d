import Coredump
import Foundation
import Scheduling
import TestSupport
import Testing
import WireTypes

@Suite("Files of dumps", .serialized)
struct CoredumpFileTests {
  private func write(_ dump: TestDump, _ folder: CoredumpFolder) -> CoredumpError? {
    failure { () throws(CoredumpError) in try CoredumpTarget.folder(folder).write(dump) }
  }

  private func status(_ path: String) throws -> stat {
    var status = stat()
    try #require(lstat(path, &status) == 0, "\(path)")
    return status
  }

  @Test("A dump is a file of mode 0600, with a name of ours, and holes for zeroes")
  func file() throws {
    let scratch = try TemporaryFolder()
    // Whatever the process would give to others.
    let mask = umask(0)
    defer { umask(mask) }
    let folder = try CoredumpFolder(path: scratch.path + "/dumps", prefix: "virt-rv32")
    var dump = TestDump()
    dump.contents.segments.append(segment("zero", 0x9000_0000, 8 << 20))
    dump.memory.append([UInt8](repeating: 0, count: 8 << 20))
    let (report, path) = try CoredumpTarget.folder(folder).write(dump)
    let written = try #require(path)
    let info = try status(written)
    #expect(info.st_mode & 0o7777 == 0o600)
    #expect(try status(folder.path).st_mode & 0o7777 == 0o700)
    #expect(UInt64(info.st_size) == report.byteCount)
    #expect(info.st_blocks * 512 < 100_000)
    let name = try #require(written.split(separator: "/").last)
    #expect(name.wholeMatch(of: /virt-rv32-\d{8}T\d{6}\.\d{6}Z\.core/) != nil, "\(name)")
    #expect(try folder.dumps() == [written])
    #expect(try scratch.names() == ["dumps"])
  }

  @Test("C05: links, names that exist, and names from elsewhere lead to errors and change nothing")
  func c05() throws {
    let scratch = try TemporaryFolder()
    let real = scratch.path + "/real"
    mkdir(real, 0o777)
    symlink(real, scratch.path + "/link")
    // The folder is a link.
    let viaLink = failure { () throws(CoredumpError) in
      try CoredumpFolder(path: scratch.path + "/link", prefix: "x")
    }
    #expect(viaLink == .system(.openFolder, errno: ENOTDIR, offset: nil))
    // The name is taken: by a file, by a link, by a link to nowhere.
    let victim = scratch.path + "/victim"
    try Data("keep".utf8).write(to: URL(fileURLWithPath: victim))
    for (name, target) in [("a", nil), ("b", victim), ("c", scratch.path + "/nowhere")] {
      let path = "\(real)/\(name)"
      if let target {
        symlink(target, path)
      } else {
        try Data("keep".utf8).write(to: URL(fileURLWithPath: path))
      }
      let error = failure { () throws(CoredumpError) in
        try CoredumpTarget.file(path: path).write(TestDump())
      }
      #expect(error == .system(.create, errno: EEXIST, offset: nil), "\(name)")
      // The same for the name while it is written.
      let partial = "\(real)/\(name)2"
      symlink(victim, partial + ".partial")
      let second = failure { () throws(CoredumpError) in
        try CoredumpTarget.file(path: partial).write(TestDump())
      }
      #expect(second == .system(.create, errno: EEXIST, offset: nil), "\(name)")
    }
    #expect(try scratch.bytes("victim") == Array("keep".utf8))
    #expect(try scratch.bytes("real/a") == Array("keep".utf8))
    #expect(access(scratch.path + "/nowhere", F_OK) != 0)
    // Names that are no names.
    for prefix in ["", "../x", "a/b", ".hidden", "a\nb", "é", String(repeating: "x", count: 65)] {
      let error = failure { () throws(CoredumpError) in
        try CoredumpFolder(path: real, prefix: prefix)
      }
      #expect(error == .badName(prefix))
    }
    for name in ["", ".", ".."] {
      let error = failure { () throws(CoredumpError) in
        try CoredumpTarget.file(path: real + "/" + name).write(TestDump())
      }
      #expect(error == .badName(name))
    }
  }

  @Test("C05: what others left in a folder for everybody is neither followed nor removed")
  func c05Planted() throws {
    let scratch = try TemporaryFolder()
    chmod(scratch.path, 0o777)
    let folder = try CoredumpFolder(
      path: scratch.path, prefix: "x", quota: CoredumpFolder.Quota(maximumCount: 1))
    let victim = try TemporaryFolder()
    let precious = victim.path + "/precious"
    try Data("keep".utf8).write(to: URL(fileURLWithPath: precious))
    symlink(precious, scratch.path + "/x-20200101T000000.000000Z.core")
    mkdir(scratch.path + "/x-20200101T000001.000000Z.core", 0o700)
    let planted = scratch.path + "/x-20200101T000002.000000Z.core"
    try Data("theirs".utf8).write(to: URL(fileURLWithPath: planted))
    if geteuid() == 0 { chown(planted, 12_345, 12_345) } else { unlink(planted) }
    try Data("other".utf8).write(
      to: URL(fileURLWithPath: scratch.path + "/x-y-20200101T000002.000000Z.core"))
    for _ in 0..<3 { #expect(write(TestDump(), folder) == nil) }
    #expect(try victim.bytes("precious") == Array("keep".utf8))
    #expect(try folder.dumps().count == 1)
    #expect(try scratch.names().count == (geteuid() == 0 ? 5 : 4))
  }

  @Test("C06: a thousand crashes leave the newest dumps, and never more than the quota")
  func c06() throws {
    let scratch = try TemporaryFolder()
    let quota = CoredumpFolder.Quota(maximumCount: 4, maximumByteCount: 1 << 20)
    let folder = try CoredumpFolder(path: scratch.path, prefix: "loop", quota: quota)
    var newest: [String] = []
    for round in 0..<1000 {
      let (_, path) = try CoredumpTarget.folder(folder).write(TestDump(byteCount: 3000))
      newest = (newest + [try #require(path)]).suffix(4)
      if round % 100 == 99 { #expect(try folder.dumps() == newest, "round \(round)") }
    }
    #expect(try scratch.names().count == 4)
  }

  @Test("C06: bytes count as well, the oldest go first, and a dump that is too large leaves none")
  func c06Bytes() throws {
    let scratch = try TemporaryFolder()
    let quota = CoredumpFolder.Quota(maximumCount: 100, maximumByteCount: 1 << 20)
    let folder = try CoredumpFolder(path: scratch.path, prefix: "big", quota: quota)
    var paths: [String] = []
    for _ in 0..<6 {
      paths.append(
        try #require(try CoredumpTarget.folder(folder).write(TestDump(byteCount: 300_000)).path))
      let used = try folder.dumps().reduce(0) { try $0 + status($1).st_blocks * 512 }
      #expect(used <= 1 << 20)
    }
    #expect(try folder.dumps() == Array(paths.suffix(3)))
    let error = write(TestDump(byteCount: 2 << 20), folder)
    guard case .quotaExceeded(_, limit: 1 << 20) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try scratch.names().allSatisfy { !$0.hasSuffix(".partial") })
    // What was left of a process that was killed goes as well, but not what is being written.
    let dead = scratch.path + "/big-20200101T000000.000000Z.core.partial"
    let busy = scratch.path + "/big-20200101T000001.000000Z.core.partial"
    for path in [dead, busy] {
      try Data(count: 600_000).write(to: URL(fileURLWithPath: path))
    }
    let lock = open(busy, O_RDONLY)
    defer { close(lock) }
    flock(lock, LOCK_EX)
    #expect(write(TestDump(byteCount: 500_000), folder) == nil)
    #expect(access(dead, F_OK) != 0)
    #expect(access(busy, F_OK) == 0)
  }

  @Test("C08: a failure at any byte leaves nothing behind, and is told with its place")
  func c08() throws {
    let scratch = try TemporaryFolder()
    let folder = try CoredumpFolder(path: scratch.path, prefix: "x")
    let dump = TestDump(byteCount: 20_000)
    let total = try dump.bytes().count
    for place in Array(stride(from: 0, to: total, by: 97)) + [total] {
      for kind in FaultySink.Kind.allCases {
        let error = failure { () throws(CoredumpError) in
          try folder.write { sink throws(CoredumpError) in
            try FaultySink.run(dump, &sink, kind, at: UInt64(place))
          }
        }
        #expect(error == .system(.write, errno: kind.errno, offset: UInt64(place)))
        #expect(try scratch.names().isEmpty, "\(kind) at \(place)")
      }
    }
    #expect(write(dump, folder) == nil)
    #expect(try scratch.bytes(scratch.names()[0]) == dump.bytes())
  }

  @Test(
    "C08: a disk that is really full leaves nothing behind",
    .enabled(if: TinyDisk.isPossible, "no right to mount a file system"))
  func c08FullDisk() throws {
    let disk = try #require(try TinyDisk(byteCount: 16 << 10))
    let folder = try CoredumpFolder(path: disk.path, prefix: "x")
    let error = write(TestDump(byteCount: 100_000), folder)
    guard case .system(.write, errno: ENOSPC, offset: let offset?) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(offset > 0 && offset <= 16 << 10)
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    // The room is free again.
    #expect(write(TestDump(byteCount: 5000), folder) == nil)
  }

  @Test("A copied dump is written as it was, holes as holes, to files and to streams")
  func captured() throws {
    var dump = TestDump()
    dump.contents.segments.append(segment("zero", 0x9000_0000, 8 << 20))
    dump.memory.append([UInt8](repeating: 0, count: 8 << 20))
    let captured = try CapturedCoredump(of: dump)
    let expected = try dump.bytes()
    #expect(captured.byteCount == UInt64(expected.count))
    #expect(try captured.bytes(at: 0, count: 100) == Array(expected[..<100]))
    #expect(try captured.bytes(at: captured.byteCount, count: 100).isEmpty)
    let scratch = try TemporaryFolder()
    let path = scratch.path + "/copy"
    _ = try CoredumpTarget.file(path: path).write(captured)
    #expect(try scratch.bytes("copy") == expected)
    #expect(try status(path).st_blocks * 512 < 100_000)
    let small = failure { () throws(CoredumpError) in
      try CapturedCoredump(of: dump, maximumByteCount: 8192)
    }
    #expect(small == .quotaExceeded(needed: 12_288, limit: 8192))
  }
}

/// Passes a dump on to a file until a given byte, and fails there.
private struct FaultySink: CoredumpSink {
  enum Kind: CaseIterable {
    /// Nothing of the piece is written.
    case full
    /// The same, with another error.
    case broken
    /// The first bytes of the piece are written.
    case short

    var errno: Int32 { self == .full ? ENOSPC : EIO }
  }

  let base: UnsafeMutablePointer<CoredumpFileSink>
  let kind: Kind
  let place: UInt64
  private var position: UInt64 = 0

  static func run(
    _ dump: TestDump, _ sink: inout CoredumpFileSink, _ kind: Kind, at place: UInt64
  ) throws(CoredumpError) -> CoredumpReport {
    try withUnsafeMutablePointer(to: &sink) { base throws(CoredumpError) in
      var faulty = FaultySink(base: base, kind: kind, place: place)
      return try dump.write(to: &faulty)
    }
  }

  private init(base: UnsafeMutablePointer<CoredumpFileSink>, kind: Kind, place: UInt64) {
    self.base = base
    self.kind = kind
    self.place = place
  }

  private var error: CoredumpError { .system(.write, errno: kind.errno, offset: place) }

  mutating func write(_ bytes: RawSpan, until deadline: MonotonicTime) throws(CoredumpError) {
    if position + UInt64(bytes.byteCount) > place {
      let part = place > position ? Int(place - position) : 0
      if kind == .short {
        try base.pointee.write(bytes.extracting(first: part), until: deadline)
      }
      throw error
    }
    position += UInt64(bytes.byteCount)
    try base.pointee.write(bytes, until: deadline)
  }

  mutating func skip(_ byteCount: UInt64, until deadline: MonotonicTime) throws(CoredumpError) {
    position += byteCount
    try base.pointee.skip(byteCount, until: deadline)
  }

  mutating func finish() throws(CoredumpError) {
    // The last byte there is to fail at: giving the file its size.
    guard position > place else { throw error }
    try base.pointee.finish()
  }
}

import Foundation
import PlatformProcess
import Remoteproc
import ResourceTable
import Scheduling
import SharedMemory
import Testing
import Virtio
import WireTypes

/// The table of a remote that makes mistakes, or lies.
struct ForeignTable: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Bytes to change: offset in the file, and the word that comes there.
  let words: [Int: UInt32]
  let error: RemoteprocError

  init(_ name: String, _ words: [Int: UInt32], _ error: RemoteprocError) {
    testDescription = name
    self.words = words
    self.error = error
  }

  static let all = [
    ForeignTable(
      "cut: the entry would lie behind the end", [16: 0x2ff0],
      .table(
        .entryTruncated(index: 0, offset: 0x2ff0, type: 0, needed: 56, available: 16))),
    ForeignTable(
      "more entries than there is room for", [4: 0x4000_0000],
      .table(.offsetsTruncated(count: 0x4000_0000, available: 0x2ff0))),
    ForeignTable("an unknown version", [0: 9], .table(.unsupportedVersion(9))),
    ForeignTable(
      "a ring behind the end of the file", [0x30: 0x8_0000],
      .platform(.addressNotAvailable(DeviceAddress(rawValue: 0x8_0000), byteCount: 10_246))),
    ForeignTable(
      "a ring that reaches past the end", [0x30: 0x7_f000],
      .platform(.addressNotAvailable(DeviceAddress(rawValue: 0x7_f000), byteCount: 10_246))),
    ForeignTable(
      "a ring of no power of two", [0x38: 100],
      .badQueueSize(device: 0, vring: 0, count: 100)),
    ForeignTable(
      "an alignment of three", [0x34: 3],
      .badAlignment(device: 0, vring: 0, alignment: 3, da: DeviceAddress(rawValue: 0x4000))),
  ]
}

@Suite("Tables of foreign remotes", .timeLimit(.minutes(2)))
struct ForeignTableTests {
  private func attach(_ words: [Int: UInt32]) throws -> RemoteprocError? {
    let place = try MeetingPlace()
    try place.writeFile()
    let isListening = Signal<Bool>()
    let thread = RemoteThread {
      var remote = try ProcessRemote(place.link)
      for (offset, word) in words { remote.window.store(word, at: offset) }
      isListening.add(true)
      do throws(ProcessError) {
        try remote.waitForDriver(until: .now.advanced(by: .seconds(20)))
      } catch .peerGone {}
    }
    _ = isListening.wait { !$0.isEmpty }
    let host = try Host(place.link)
    var found: RemoteprocError?
    do throws(RemoteprocError) { try host.processor.attach() } catch { found = error }
    if found == nil { try host.processor.shutdown() }
    #expect(thread.wait() == "done")
    return found
  }

  @Test("Each is refused with the error that names it", arguments: ForeignTable.all)
  func refused(table: ForeignTable) throws {
    let found = try attach(table.words)
    #expect(found == table.error)
  }

  @Test("The table that a remote makes has the common layout, byte for byte")
  func layout() throws {
    let place = try MeetingPlace()
    let remote = try ProcessRemote(place.link)
    let words: [UInt32] = [
      1, 1, 0, 0, 0x14,  // header
      3, 7, 0, 1, 0, 0, 0x0200,  // device: type, id, notify id, features, accepted, config, rings
      0x4000, 0x1000, 256, 1, 0, 0x8000, 0x1000, 256, 2, 0,
    ]
    for (index, word) in words.enumerated() {
      #expect(remote.window.loadUInt32(at: 4 * index) == word, "word \(index)")
    }
    #expect(remote.window.loadUInt32(at: 4 * words.count) == 0)
  }

  @Test("Rings of another size and alignment work as well")
  func otherRings() throws {
    let place = try MeetingPlace()
    try place.writeFile()
    let thread = RemoteThread {
      var options = ProcessRemoteOptions()
      options.queueSize = 16
      options.alignment = 16
      var remote = try ProcessRemote(place.link, options: options)
      _ = try remote.echo(on: "small")
    }
    let host = try Host(place.link)
    try host.processor.attach()
    _ = try host.channel("small")
    try host.processor.shutdown()
    #expect(thread.wait() == "done")
  }

  @Test("A configuration space too long for its place is refused")
  func longConfig() throws {
    let place = try MeetingPlace()
    var options = ProcessRemoteOptions()
    options.config = [UInt8](repeating: 0, count: 0x3000)
    #expect(
      throws: ProcessError.table(.truncated(offset: 0, needed: 0x3058, available: 0x3000))
    ) {
      _ = try ProcessRemote(place.link, options: options)
    }
  }
}

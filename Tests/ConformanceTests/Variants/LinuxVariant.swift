import PlatformNull
import Remoteproc
import RprocCommands
import TestSupport
import Testing

/// An image, and what Linux makes of it by its rules.
struct LinuxVariant: Sendable, CustomTestStringConvertible {
  /// What comes of the boot.
  enum Expectation: Sendable {
    case runs(Running)
    /// Refused with this `errno`, before or after the boot address was known.
    case refused(String, bootAddress: UInt64 = VariantImage.base)
    /// Linux faults: any typed error will do.
    case faults
  }

  /// A change that the host makes to the table, by the number of an entry.
  enum Change: Sendable {
    case memory(Int, da: UInt32, pa: UInt32, byteCount: UInt32)
    case ring(Int, Int, da: UInt32? = nil, id: UInt32)
    case device(Int, status: UInt8, features: UInt32? = nil)
  }

  struct Running: Sendable {
    /// `name da pa len` in hexadecimal.
    var carveouts: [String] = [LinuxVariant.fw]
    var changes: [Change] = [.memory(0, da: 0x6000_0000, pa: 0x0800_0000, byteCount: 0x1_0000)]
    var status: [UInt8] = []
    var kicks: [UInt32: UInt64] = [:]
    /// The text of each trace; `nil`: not available.
    var traces: [String?] = []
    /// Bytes by carveout and offset.
    var bytes: [(carveout: Int, offset: Int, bytes: [UInt8])] = []
    var bootAddress = VariantImage.base
  }

  static let fw = "fw 60000000 8000000 10000"

  let name: String
  let image: VariantImage
  var platform: @Sendable () throws -> NullPlatform = { try NullPlatform() }
  var tableIsOptional = false
  let expectation: Expectation

  init(
    _ name: String, _ image: VariantImage, tableIsOptional: Bool = false,
    platform: @escaping @Sendable () throws -> NullPlatform = { try NullPlatform() },
    _ expect: Expectation
  ) {
    self.name = name
    self.image = image
    self.tableIsOptional = tableIsOptional
    self.platform = platform
    expectation = expect
  }

  var testDescription: String { name }

  /// What `rproc run --report --board null --compat linux` makes of the image.
  func report() throws -> BootReport {
    var processor = RemoteProcessor(platform: try platform())
    let options = BootOptions(profile: .linux, tableIsOptional: tableIsOptional)
    let report = ReportRun.report(try image.file(), on: &processor, options: options) { platform in
      platform.doorbell.all
    }
    #expect(processor.platform.grantedByteCount == 0, "\(name) left memory behind")
    let calls = processor.platform.calls
    #expect(calls.prepare == calls.unprepare, "\(name) left the platform prepared")
    #expect(report.stateAfterStop == "offline", "\(name)")
    return report
  }

  /// The table after the boot.
  func table(after changes: [Change]) throws -> [UInt8] {
    var table = try image.table()
    for change in changes { Self.apply(change, to: &table) }
    return table
  }

  private static func apply(_ change: Change, to table: inout [UInt8]) {
    switch change {
    case .memory(let entry, let da, let pa, let byteCount):
      let offset = table.word(at: 16 + 4 * entry)
      table.patch(da, at: offset + 4)
      table.patch(pa, at: offset + 8)
      table.patch(byteCount, at: offset + 12)
    case .ring(let entry, let ring, let da, let id):
      let offset = table.word(at: 16 + 4 * entry) + 28 + 20 * ring
      if let da { table.patch(da, at: offset) }
      table.patch(id, at: offset + 12)
    case .device(let entry, let status, let features):
      let offset = table.word(at: 16 + 4 * entry)
      table[offset + 24] = status
      if let features { table.patch(features, at: offset + 16) }
    }
  }
}

extension LinuxVariant.Expectation {
  /// A boot with `fw` and one rpmsg device behind it whose rings take two pages each.
  static func rpmsg(_ change: (inout LinuxVariant.Running) -> Void = { _ in }) -> Self {
    var running = LinuxVariant.Running()
    running.carveouts += [
      "vdev0vring0 60010000 8010000 2000", "vdev0vring1 60012000 8012000 2000",
    ]
    running.changes += [
      .ring(1, 0, da: 0x6001_0000, id: 0), .ring(1, 1, da: 0x6001_2000, id: 1),
      .device(1, status: 7, features: 1),
    ]
    running.status = [7]
    running.kicks = [0: 1]
    change(&running)
    return .runs(running)
  }

  /// A boot with `fw` and nothing else, unless `change` says so.
  static func plain(_ change: (inout LinuxVariant.Running) -> Void = { _ in }) -> Self {
    var running = LinuxVariant.Running()
    change(&running)
    return .runs(running)
  }
}

import Foundation
import ResourceTable
import RprocCommands
import TestSupport
import Testing
import WireTypes

/// An image with one thing wrong, and what is to be found.
struct CheckCase: CustomTestStringConvertible, Sendable {
  let rule: CheckRule
  let offset: Int?
  let isError: Bool
  let arguments: [String]
  let bytes: [UInt8]

  var testDescription: String { "\(rule.rawValue) at \(offset.map(String.init) ?? "no byte")" }

  // The small image: header, one program header, 8 bytes of code, the table.
  static let program = 52
  static let table = 52 + 32 + 8
  static let sections = (table + SmallImage.tableV1.count + 27 + 3) & ~3

  init(
    _ rule: CheckRule, at offset: Int?, warning: Bool = false, _ arguments: [String] = [],
    table: [UInt8] = SmallImage.tableV1, _ edit: (inout [UInt8]) -> Void = { _ in }
  ) {
    self.rule = rule
    self.offset = offset
    isError = !warning
    self.arguments = arguments
    var bytes = SmallImage(table: table, code: SmallImage.idleCode).bytes
    edit(&bytes)
    self.bytes = bytes
  }

  /// A word of the file set to `value`, which is what is wrong.
  static func file(
    _ rule: CheckRule, _ offset: Int, _ value: UInt32, warning: Bool = false,
    finds: Int? = nil, _ arguments: String...
  ) -> CheckCase {
    CheckCase(rule, at: finds ?? offset, warning: warning, arguments) {
      $0.patch(value, at: offset)
    }
  }

  /// A word of the table set to `value`, which is what is wrong.
  static func word(
    _ rule: CheckRule, _ offset: Int, _ value: UInt32, warning: Bool = false,
    finds: Int? = nil, _ arguments: String...
  ) -> CheckCase {
    CheckCase(rule, at: table + (finds ?? offset), warning: warning, arguments) {
      $0.patch(value, at: table + offset)
    }
  }

  /// A table with the usual entries and one more, of which the field at `offset` is wrong.
  static func entry(
    _ rule: CheckRule, at offset: Int?, warning: Bool = false,
    _ entries: ResourceTableBuilder.Entry..., arguments: [String] = []
  ) -> CheckCase {
    let bytes = entries.count == 1 ? made(entries) : made(entries, withDevice: false)
    let first = 16 + 4 * (entries.count + (entries.count == 1 ? 2 : 1))
    return CheckCase(
      rule, at: offset.map { table + first + 56 + $0 }, warning: warning, arguments, table: bytes)
  }

  /// A table with a carveout for the code, `entries`, and a device with rings.
  private static func made(
    _ entries: [ResourceTableBuilder.Entry], withDevice: Bool = true
  ) -> [UInt8] {
    var builder = ResourceTableBuilder()
    builder.add(.carveout(memory("fw", at: 0x8000_0000, 0x1000)))
    for entry in entries { builder.add(entry) }
    if withDevice { builder.add(device()) }
    guard let bytes = try? builder.build() else { return [] }
    return bytes
  }

  static func device(_ id: UInt32 = 7) -> ResourceTableBuilder.Entry {
    let ring = VringResource(
      da: nil, alignment: 4096, count: 64, notifyID: NotifyID(rawValue: .max))
    return .vdev(VdevResource(deviceID: id, deviceFeatures: 1), vrings: [ring, ring], config: [])
  }

  static func memory(
    _ name: String, at da: UInt64?, _ byteCount: UInt32, pa: UInt64 = 0
  ) -> MemoryResource {
    MemoryResource(
      da: da.map(DeviceAddress.init), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount,
      name: WireName(name))
  }

  static func records(_ records: ResourceRecord...) -> [UInt8] {
    let code = ResourceRecord(
      type: 0, da: 0x8000_0000, count: 0x1000, name: FixedName<48>("fw"))
    return ResourceTableBuilder.build(records: [code] + records)
  }
}

@Suite("Each rule of rproc check")
struct CheckRuleTests {
  private static let linux = ["--compat", "linux"]

  static let imageCases: [CheckCase] = [
    CheckCase(.truncatedHeader, at: 0) { $0.removeLast($0.count - 20) },
    .file(.badMagic, 0, 0x464c_4500),
    CheckCase(.unsupportedClass, at: 4) { $0[4] = 9 },
    CheckCase(.unsupportedByteOrder, at: 5) { $0[5] = 2 },
    CheckCase(.imageIdentification, at: 6) { $0[6] = 0 },
    CheckCase(.imageIdentification, at: 16) { $0[16] = 1 },
    CheckCase(.imageIdentification, at: 40) { $0[40] = 51 },
    .file(.imageIdentification, 20, 2), CheckCase(.imageMachine, at: 18) { $0[18] = 40 },
    CheckCase(.imageMachine, at: 18, warning: true, linux) { $0[18] = 40 },
    .file(.entryPoint, 24, 0x8000_0001), .file(.entryPoint, 24, 0x1000),
    .file(.bootAddress, 24, 0x8000_0001, "--compat", "linux"),
    .file(.tableOutOfFile, 28, 0xffff_fff0), .file(.tableOutOfFile, 32, 0xffff_fff0),
    CheckCase(.noSegments, at: 44) { $0[44] = 0 },
    .file(.segmentOutOfFile, CheckCase.program + 4, 0x7fff_ffff),
    .file(.fileExceedsMemory, CheckCase.program + 20, 4, finds: CheckCase.program + 16),
    .file(.segmentPlacement, CheckCase.program + 12, 0xffff_fff0),
    .file(.segmentNotInMemory, CheckCase.program + 12, 0x4000_0000),
    .file(
      .loadAddressDiffers, CheckCase.program + 8, 0, warning: true,
      finds: CheckCase.program + 12),
    CheckCase(.tableSection, at: 50) { $0[50] = 0 },
    .file(.tableSection, CheckCase.sections + 44, 8),
    .file(.nameOutOfTable, CheckCase.sections + 40, 0x1000),
    .file(.sectionOutOfFile, CheckCase.sections + 80 + 16, 0x1000),
    .file(.tableOutOfImage, CheckCase.sections + 40 + 16, 0x1000),
    .file(.tableTruncated, CheckCase.sections + 40 + 20, 10, finds: CheckCase.table),
    .file(.tableVisible, CheckCase.sections + 40 + 12, 0x1000),
    .file(.tableAlignment, CheckCase.sections + 40 + 12, 0x8000_0102, warning: true),
    CheckCase(.hexFile, at: 1, ["--format", "hex"]) { $0 = Array(":zz\n".utf8) },
    CheckCase(.emptyImage, at: nil, ["--format", "bin", "--load-address", "0x80000000"]) {
      $0 = []
    },
    CheckCase(
      .entryPoint, at: nil,
      ["--format", "bin", "--load-address", "0x80000000", "--entry", "0x80001000"]),
    CheckCase(
      .relocation, at: nil,
      ["--format", "bin", "--load-address", "0x80000000", "--relocation", "loader"]),
    CheckCase(.noResourceTable, at: nil) {
      $0[CheckCase.table + SmallImage.tableV1.count + 2] = UInt8(ascii: "X")
    },
  ]

  static let tableCases: [CheckCase] = [
    .word(.unsupportedVersion, 0, 7), .word(.offsetsTruncated, 4, 1000),
    .word(.reservedNotZero, 8, 1), .word(.reservedNotZero, 12, 1),
    .word(.badEntryOffset, 16, 4), .word(.badEntryOffset, 20, 0x1000),
    .word(.tableLayout, 20, 32, finds: 32), .word(.tableLayout, 16, 16, finds: 16),
    .word(.reservedNotZero, 28 + 20, 1), .word(.reservedNotZero, 84 + 12, 1),
    CheckCase(.reservedNotZero, at: CheckCase.table + 132 + 26) {
      $0[CheckCase.table + 132 + 27] = 1
    },
    CheckCase(.entryTruncated, at: CheckCase.table + 132) { $0[CheckCase.table + 157] = 200 },
    CheckCase(.vringCount, at: CheckCase.table + 157) { $0[CheckCase.table + 157] = 1 },
    .word(.addressNotAvailable, 28 + 4, 0x4000_0000), .word(.resourceExtent, 28 + 12, 0),
    .word(.resourceExtent, 28 + 12, 0x9000_0000, finds: 28 + 4),
    .word(.emptyMemory, 28 + 12, 0, "--compat", "linux"),
    .word(.traceVisible, 84 + 4, 0x1000), .word(.traceVisible, 84 + 8, 0),
    .word(.traceVisible, 84 + 4, 0x1000, warning: true, "--compat", "linux"),
    .word(.unknownEntry, 84, 5, warning: true),
    .word(.vendorEntryIgnored, 84, 200, warning: true),
    .word(.ringSize, 160 + 8, 3), .word(.ringSize, 180 + 8, 0),
    .word(.ringSize, 180 + 8, 0, warning: true, "--compat", "linux"),
    .word(.ringAlignment, 160 + 4, 6000), .word(.ringAlignment, 160 + 4, 0),
    .word(.ringAlignment, 180, 0x8000_8008),
    .word(.ringTooLarge, 160 + 8, 0x8000_0000, warning: true, "--compat", "linux"),
    .word(.resourceOverlap, 160, 0x8000_0000),
    .word(.noDriver, 132 + 4, 3, warning: true),
    .word(.noNameService, 132 + 12, 0, warning: true),
    .word(.presetStatus, 132 + 16, 1, warning: true),
    CheckCase(.presetStatus, at: CheckCase.table + 156, warning: true) {
      $0[CheckCase.table + 156] = 4
    },
    .word(.presetNotifyID, 180 + 12, 5, warning: true),
    .word(.ringLargerThanBuffers, 160 + 8, 512, warning: true),
    .word(.ringSizesDiffer, 160 + 8, 32, warning: true, finds: 180 + 8),
    .word(.presetPhysicalAddress, 28 + 8, 0x1000, warning: true),
    CheckCase(.nameNotTerminated, at: CheckCase.table + 28 + 24, warning: true) {
      for index in 0..<32 { $0[CheckCase.table + 28 + 24 + index] = UInt8(ascii: "a") }
    },
    .word(.nameNotPrintable, 28 + 24, 0x0025_6425, warning: true),
    // Only the device's entry may lie at an odd place without harm.
    CheckCase(
      .entryAlignment, at: CheckCase.table + 16 + 4, warning: true,
      table: {
        var builder = ResourceTableBuilder()
        builder.add(.carveout(CheckCase.memory("fw", at: 0x8000_0000, 0x1000)))
        builder.add(.carveout(CheckCase.memory("odd", at: nil, 0x1000)), at: 82)
        return (try? builder.build()) ?? []
      }()),
  ]

  static let resourceCases: [CheckCase] = [
    .entry(.duplicateCarveout, at: 24, .carveout(CheckCase.memory("fw", at: nil, 0x1000))),
    .entry(
      .ringCarveout, at: 12, .carveout(CheckCase.memory("vdev0vring1", at: nil, 0x100))),
    .entry(
      .messageBuffers, at: 12, .carveout(CheckCase.memory("vdev0buffer", at: nil, 0x1000))),
    .entry(.outOfMemory, at: 12, .carveout(CheckCase.memory("huge", at: nil, 0x200_0000))),
    .entry(.carveoutBudget, at: nil, .carveout(CheckCase.memory("huge", at: nil, 0x800_0000))),
    .entry(
      .devmemNotAllowed, at: 8, .devmem(CheckCase.memory("regs", at: 0, 0x1000, pa: 0x4000)),
      arguments: ["--board", "virt-rv32-mmu"]),
    .entry(.devmemWithoutIOMMU, at: 0, .devmem(CheckCase.memory("regs", at: 0, 0x1000))),
    .entry(
      .unusedCarveout, at: 24, warning: true,
      .carveout(CheckCase.memory("vdev3buffer", at: nil, 0x1000))),
    .entry(
      .unusedCarveout, at: 24, warning: true,
      .carveout(CheckCase.memory("vdev0vring7", at: nil, 0x1000))),
    .entry(
      .deviceCount, at: 8 * 68, CheckCase.device(), CheckCase.device(), CheckCase.device(),
      CheckCase.device(), CheckCase.device(), CheckCase.device(), CheckCase.device(),
      CheckCase.device(), CheckCase.device()),
    .entry(
      .traceWithoutEnd, at: 4, warning: true,
      .trace(
        TraceResource(
          da: DeviceAddress(rawValue: 0x8000_0004), byteCount: 4, name: WireName("code")))),
    CheckCase(
      .badVringRecord, at: CheckCase.table + 96 + 4,
      table: CheckCase.records(ResourceRecord(type: 3, count: 4))),
    CheckCase(
      .ringSize, at: CheckCase.table + 192 + 24,
      table: CheckCase.records(
        ResourceRecord(type: 4, da: 1, flags: 7), ResourceRecord(type: 3, count: 5))),
    CheckCase(
      .vringCount, at: CheckCase.table + 96,
      table: CheckCase.records(ResourceRecord(type: 4, da: 1, flags: 7))),
    CheckCase(
      .unsupportedDevice, at: CheckCase.table + 96 + 28,
      table: CheckCase.records(ResourceRecord(type: 4, da: 1, flags: 3))),
    CheckCase(
      .tableLayout, at: CheckCase.table + 96, table: CheckCase.records() + [1, 2, 3]),
    CheckCase(
      .tableTruncated, at: CheckCase.table, linux + ["--table-version", "1"], table: [1, 0, 0]),
  ]

  @Test("The rule is found where it is broken", arguments: imageCases + tableCases + resourceCases)
  func found(_ example: CheckCase) throws {
    let scratch = try Scratch()
    let path = try scratch.file("bad.elf", example.bytes)
    let run = try CommandRun(arguments: ["check", path, "--json"] + example.arguments)
    let objects = try run.objects()
    let summary = try #require(objects.last)
    #expect(summary["event"] as? String == "summary")
    let findings = objects.dropLast()
    let severity = example.isError ? "error" : "warning"
    let found = findings.first { finding in
      finding["rule"] as? String == example.rule.rawValue
        && finding["severity"] as? String == severity
        && finding["offset"] as? Int == example.offset
    }
    let finding = try #require(found, "\(run.output)")
    let bytes = try #require(finding["bytes"] as? String)
    #expect(bytes.isEmpty == (example.offset == nil))
    if let offset = example.offset {
      let end = min(offset + bytes.count / 2, example.bytes.count)
      #expect(bytes == Hex.digits(example.bytes[offset..<end]))
    }
    for key in ["message", "advice"] {
      let text = try #require(finding[key] as? String)
      #expect(!text.isEmpty && !text.contains("\n"), "\(key)")
    }
    let errors = findings.count { $0["severity"] as? String == "error" }
    #expect(summary["errors"] as? Int == errors)
    #expect(summary["warnings"] as? Int == findings.count - errors)
    #expect(run.status == (errors > 0 ? 65 : 0))
    #expect(run.errors.isEmpty)
    // The boot agrees.
    if !example.arguments.contains("--table-version") {
      let boot = try CommandRun(arguments: ["run", path, "--report"] + example.arguments)
      #expect((boot.status == 65) == (errors > 0), "\(boot.errors)")
    }
  }

  @Test("Each rule has an example here, but those that this board and these images cannot break")
  func coverage() {
    let covered = Set((Self.imageCases + Self.tableCases + Self.resourceCases).map(\.rule))
    let elsewhere: Set<CheckRule> = [
      // Of other platforms: memory that exists before, addresses above 4 GiB, vendors, an IOMMU.
      .carveoutTooSmall, .carveoutMismatch, .addressNotExpressible, .vendorEntryRefused,
      .iommuMapping, .platformFailed,
      // Of the null board and of Linux; Linux takes names and addresses otherwise.
      .fixedAddress, .carveoutName, .segmentAddressWidth,
      // No table that was read makes these; the code that reports them is shared with a boot.
      .deviceEntry, .tooManyEntries,
    ]
    #expect(covered.isDisjoint(with: elsewhere))
    #expect(covered.union(elsewhere) == Set(CheckRule.allCases))
  }
}

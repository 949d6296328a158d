import PlatformNull
import Remoteproc
import ResourceTable
import TestSupport
import WireTypes

// The table, its entries, and memory with names. Source: [LINUX-6.1] remoteproc.
extension LinuxVariant {
  static var tables: [LinuxVariant] {
    [
      header("version 0", 0, 0), header("version 2", 0, 2), header("reserved", 8, 1),
      header("an offset with its highest bit set", 16, 0x8000_0018),
      header("an offset past the end", 16, 0x1000),
      header("more offsets than bytes", 4, 0x4000_0000),
      tail("a type in the last four bytes", 4, .plain()),
      tail("a type of which a byte is missing", 3, .refused("EINVAL")),
      added("types of nobody", [.raw(type: 127, body: []), .raw(type: 513, body: [])], .plain()),
      added(
        "types of a vendor", [.raw(type: 128, body: [1]), .raw(type: 512, body: [])], .plain()),
      vendor("answers -EINVAL", .refused(errno: 22), .refused("EINVAL")),
      vendor("answers -ENODEV", .refused(errno: 19), .refused("ENODEV")),
      vendor("handles it", .handled, .plain()),
      added(
        "devmem", [.devmem(MemoryResource(da: nil, byteCount: 1, name: WireName()))],
        .refused("EINVAL")),
      LinuxVariant("a table that no carveout holds", elsewhere(0x1234_0000), .plain()),
      LinuxVariant("a table half outside", elsewhere(0x6000_fff0), .plain()),
      LinuxVariant("a table at an address 4 GiB off", highTable, .plain()),
      LinuxVariant(
        "no table, and it may be missing", noTable, tableIsOptional: true, .runs(nothing)),
      LinuxVariant(
        "a bad table, and it may be missing", badTable, tableIsOptional: true, .runs(nothing)),
      LinuxVariant("no table", noTable, .refused("EINVAL")),
      added(
        "5,000 entries",
        [ResourceTableBuilder.Entry](repeating: .raw(type: 99, body: []), count: 5000),
        .plain()),
      LinuxVariant("a device listed twice", deviceTwice, .runs(twice)),
      LinuxVariant(
        "the start fails", VariantImage(), platform: { try NullPlatform(startErrno: 5) },
        .refused("EIO")),
    ]
  }

  private static func header(_ name: String, _ offset: Int, _ value: UInt32) -> LinuxVariant {
    var image = VariantImage()
    image.spoilTable = { $0.patch(value, at: offset) }
    return LinuxVariant("table: " + name, image, .refused("EINVAL"))
  }

  /// A second entry in the last `count` bytes, of type 99.
  private static func tail(_ name: String, _ count: Int, _ expect: Expectation) -> LinuxVariant {
    var image = VariantImage([.raw(type: 99, body: [])])
    image.spoilTable = { $0.removeLast(4 - count) }
    return LinuxVariant("table: " + name, image, expect)
  }

  static func added(
    _ name: String, _ entries: [ResourceTableBuilder.Entry], _ expect: Expectation
  ) -> LinuxVariant {
    LinuxVariant(name, VariantImage(entries), expect)
  }

  private static func vendor(
    _ name: String, _ answer: VendorAnswer, _ expect: Expectation
  ) -> LinuxVariant {
    LinuxVariant(
      "a vendor's driver " + name, VariantImage([.raw(type: 200, body: [])]),
      platform: { try NullPlatform(vendorAnswer: answer) }, expect)
  }

  private static func elsewhere(_ address: UInt64) -> VariantImage {
    var image = VariantImage()
    image.tableAddress = address
    return image
  }

  private static var highTable: VariantImage {
    var image = VariantImage(is64: true)
    image.tableAddress += 3 << 32
    return image
  }

  private static var noTable: VariantImage {
    var image = VariantImage.bare([])
    image.elf.sections = [ELFImage.Section(name: ".other", bytes: [1])]
    return image
  }

  private static var badTable: VariantImage {
    var image = noTable
    image.elf.sections = [ELFImage.Section(name: ".resource_table", bytes: [1, 0, 0, 0])]
    return image
  }

  private static var nothing: Running {
    var running = Running()
    running.carveouts = []
    running.changes = []
    return running
  }

  private static var deviceTwice: VariantImage {
    var image = VariantImage([VariantImage.vdev(), .raw(type: 99, body: [])])
    image.spoilTable = { $0.patch(UInt32($0.word(at: 20)), at: 24) }
    return image
  }

  private static var twice: Running {
    var running = Running()
    running.carveouts += (0..<4).map {
      let offset = String(0x1_0000 + 0x2000 * $0, radix: 16)
      return "vdev\($0 / 2)vring\($0 % 2) 600\(offset) 80\(offset) 2000"
    }
    running.changes += [
      .ring(1, 0, da: 0x6001_4000, id: 2), .ring(1, 1, da: 0x6001_6000, id: 3),
      .device(1, status: 7, features: 1),
    ]
    running.status = [7, 7]
    running.kicks = [0: 1, 2: 1]
    return running
  }
}

extension LinuxVariant {
  static var memories: [LinuxVariant] {
    let flags: UInt32 = 0xffff_ffff
    return [
      added(
        "blocks are powers of two",
        [VariantImage.carveout("b", 0x1_1000), VariantImage.carveout("c", 1)],
        .plain {
          $0.carveouts += ["b 60020000 8020000 11000", "c 60010000 8010000 1"]
          $0.changes += [
            .memory(1, da: 0x6002_0000, pa: 0x0802_0000, byteCount: 0x1_1000),
            .memory(2, da: 0x6001_0000, pa: 0x0801_0000, byteCount: 1),
          ]
        }),
      LinuxVariant("all of the pool in two halves", halves(2), halvesExpectation),
      LinuxVariant("two halves of the pool and a byte", halves(3), .refused("ENOMEM")),
      bare(
        "a byte more than the pool", [VariantImage.carveout("b", 0x100_0001)], .refused("ENOMEM")),
      bare("4 GiB - 1", [VariantImage.carveout("b", .max)], .refused("ENOMEM")),
      added("a name twice", [VariantImage.carveout("fw", 1)], .refused("ENOMEM")),
      named("", "", "no name"), named("a%%b", "a%b", "two percent signs"),
      named("a%-5%b", "a%b", "a percent sign with a width"),
      named("a%n%%", "a", "a conversion that nobody knows"),
      named("ab%", "ab", "a last percent sign"),
      added(
        "one name in two spellings",
        [VariantImage.carveout("a%%", 1), VariantImage.carveout("a%0%", 1)], .refused("ENOMEM")),
      added(
        "all flags", [VariantImage.carveout("b", 1, flags: flags)],
        .plain {
          $0.carveouts += ["b 60010000 8010000 1"]
          $0.changes += [.memory(1, da: 0x6001_0000, pa: 0x0801_0000, byteCount: 1)]
        }),
      LinuxVariant("reserved word of a carveout", reserved, .refused("EINVAL")),
      LinuxVariant("a carveout a byte short", short, .refused("EINVAL")),
    ]
  }

  private static func bare(
    _ name: String, _ entries: [ResourceTableBuilder.Entry], _ expect: Expectation
  ) -> LinuxVariant { LinuxVariant(name, .bare(entries), expect) }

  private static func named(_ name: String, _ seen: String, _ what: String) -> LinuxVariant {
    added(
      "a carveout with " + what, [VariantImage.carveout(name, 1)],
      .plain {
        $0.carveouts += ["\(seen) 60010000 8010000 1"]
        $0.changes += [.memory(1, da: 0x6001_0000, pa: 0x0801_0000, byteCount: 1)]
      })
  }

  private static func halves(_ count: Int) -> VariantImage {
    let sizes: [UInt32] = [0x80_0000, 0x80_0000, 1]
    return .bare((0..<count).map { VariantImage.carveout("c\($0)", sizes[$0]) })
  }

  private static var halvesExpectation: Expectation {
    .plain {
      $0.carveouts = ["c0 60000000 8000000 800000", "c1 60800000 8800000 800000"]
      $0.changes = [
        .memory(0, da: 0x6000_0000, pa: 0x0800_0000, byteCount: 0x80_0000),
        .memory(1, da: 0x6080_0000, pa: 0x0880_0000, byteCount: 0x80_0000),
      ]
    }
  }

  private static var reserved: VariantImage {
    var image = VariantImage()
    image.spoilTable = { $0.patch(UInt32(1), at: 20 + 20) }
    return image
  }

  private static var short: VariantImage {
    var image = VariantImage()
    image.spoilTable = { $0.removeLast() }
    return image
  }
}

import TestSupport

// The file and its segments. Source: [LINUX-6.1] remoteproc, the ELF loader.
extension LinuxVariant {
  static var files: [LinuxVariant] {
    [
      spoiled("51 bytes", .refused("EINVAL", bootAddress: 0)) { $0 = Array($0.prefix(51)) },
      spoiled("bad magic", .refused("EINVAL", bootAddress: 0)) { $0[3] = 0x47 },
      spoiled("section headers end a byte late", .refused("EINVAL", bootAddress: 0)) {
        $0.patch(UInt32($0.count - 39), at: 32)
      },
      spoiled("room for one section header, none counted", .refused("EINVAL")) {
        $0.patch(UInt32($0.count - 40), at: 32)
        $0.patch(UInt16(0), at: 48)
      },
      spoiled("no name is found through section 0", .refused("EINVAL")) {
        $0.patch(UInt16(0), at: 50)
      },
      spoiled("a program header more than the file has", .faults) { $0.patch(UInt16(200), at: 44) },
      spoiled("65,535 program headers", .faults) { $0.patch(UInt16.max, at: 44) },
      spoiled("the table's name ends with the file", .faults) {
        $0.patch(UInt32($0.count - 1), at: $0.section($0.count > 0 ? 2 : 0) + 16)
        $0 += Array(".resource_table".utf8)
      },
      spoiled("a name past the end, behind the table", .plain()) {
        $0.patch(UInt32(0x1000_0000), at: $0.section(2))
      },
      spoiled("a name past the end, before the table", .faults) {
        $0.patch(UInt32(0x1000_0000), at: $0.section(0))
      },
      spoiled("names begin past the end", .faults) { $0.patch(UInt32.max, at: $0.section(2) + 16) },
      spoiled("the table's section has no bytes", .plain()) {
        $0.patch(UInt32(8), at: $0.section(1) + 4)
      },
      spoiled("a section header more than there is, behind the table", .plain()) {
        $0.patch(UInt16(0xfff0), at: 48)
      },
      spoiled("version, type, machine and header sizes of no meaning", .plain()) {
        $0[6] = 9
        $0.patch(UInt32(0xffff_00ff), at: 16)
        $0.patch(UInt32(7), at: 20)
        $0.patch(UInt32(0), at: 40)
      },
      spoiled("an odd entry point", .plain { $0.bootAddress = 0xdead_beef }) {
        $0.patch(UInt32(0xdead_beef), at: 24)
      },
      LinuxVariant("two tables, the first good", twoTables(goodFirst: true), .plain()),
      LinuxVariant("two tables, the first bad", twoTables(goodFirst: false), .refused("EINVAL")),
    ]
  }

  private static func spoiled(
    _ name: String, _ expect: Expectation, _ spoil: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> LinuxVariant {
    var image = VariantImage()
    image.spoilFile = spoil
    return LinuxVariant(name, image, expect)
  }

  private static func twoTables(goodFirst: Bool) -> VariantImage {
    var image = VariantImage()
    let good = (try? image.table()) ?? []
    let sections = [good, [UInt8](repeating: 0xff, count: 32)].map {
      ELFImage.Section(name: ".resource_table", address: image.tableAddress, bytes: $0)
    }
    image.elf.sections = goodFirst ? sections : sections.reversed()
    return image
  }
}

extension LinuxVariant {
  static var segments: [LinuxVariant] {
    let base = VariantImage.base
    let code = VariantImage.code(at: 0).bytes
    return [
      loading(
        "ends with the carveout", [VariantImage.code(at: base + 0xffc0)],
        .plain {
          $0.bytes = [(0, 0xffc0, code)]
        }),
      loading("begins before the carveout", [VariantImage.code(at: base - 1)], .refused("EINVAL")),
      loading(
        "nothing in the file", [ELFImage.Segment(address: base, bytes: [], memoryByteCount: 256)],
        .plain { $0.bytes = [(0, 0, [UInt8](repeating: 0, count: 256))] }),
      loading("a note in no carveout", [note(at: 0x10)], .plain()),
      spoiled("ends a byte past the file", .refused("EINVAL")) {
        $0.patch(UInt32($0.count - 63), at: 52 + 4)
      },
      spoiled("ends with the file", .plain()) { $0.patch(UInt32($0.count - 64), at: 52 + 4) },
      spoiled("the linker's address is another", .plain { $0.bytes = [(0, 0, code)] }) {
        $0.patch(UInt32(0x1234), at: 52 + 8)
      },
      spoiled("no memory, but bytes in the file", .plain { $0.bytes = [(0, 0, [0, 0])] }) {
        $0.patch(UInt32(0), at: 52 + 20)
      },
      spoiled("4 GiB - 1 of memory", .refused("EINVAL")) { $0.patch(UInt32.max, at: 52 + 20) },
      spoiled64("file offset and size wrap", .faults) { $0.patch(UInt64.max - 31, at: 64 + 8) },
      spoiled64("file size of 2^63", .refused("EINVAL")) {
        $0.patch(UInt64(1) << 63, at: 64 + 32)
        $0.patch(UInt64(1) << 63, at: 64 + 40)
      },
      spoiled64("memory of 2^63", .refused("EINVAL")) { $0.patch(UInt64(1) << 63, at: 64 + 40) },
      spoiled64("memory wraps from the second byte", .faults) {
        $0.patch(base + 0x20, at: 64 + 24)
        $0.patch(UInt64.max - 0x1f, at: 64 + 40)
      },
      spoiled64("an address 5 times 4 GiB off", .plain { $0.bytes = [(0, 0, code)] }) {
        $0.patch(base + 5 << 32, at: 64 + 24)
      },
      spoiled64("section headers wrap", .faults) { $0.patch(UInt64.max - 63, at: 40) },
      LinuxVariant("a carveout that wraps is loaded behind 4 GiB", wrapping, .runs(wrapped)),
      LinuxVariant("a ring that nobody drives is loaded", inRing, inRingExpectation),
    ]
  }

  private static func loading(
    _ name: String, _ segments: [ELFImage.Segment], _ expect: Expectation
  ) -> LinuxVariant {
    var image = VariantImage()
    image.elf.segments = segments
    return LinuxVariant("segment: " + name, image, expect)
  }

  private static func spoiled64(
    _ name: String, _ expect: Expectation, _ spoil: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> LinuxVariant {
    var image = VariantImage(is64: true)
    image.spoilFile = spoil
    return LinuxVariant("ELF64: " + name, image, expect)
  }

  private static func note(at address: UInt64) -> ELFImage.Segment {
    var segment = VariantImage.code(at: address)
    segment.type = 4
    return segment
  }

  private static var wrapping: VariantImage {
    var image = VariantImage.bare([VariantImage.carveout("top", at: 0xffff_f000, 0x2000)])
    image.elf.segments = [VariantImage.code(at: 0)]
    image.tableAddress = 0x100
    return image
  }

  private static var wrapped: Running {
    var running = Running()
    running.carveouts = ["top fffff000 8000000 2000"]
    running.changes = [.memory(0, da: 0xffff_f000, pa: 0x0800_0000, byteCount: 0x2000)]
    running.bytes = [(0, 0x1000, VariantImage.code(at: 0).bytes)]
    return running
  }

  private static var inRing: VariantImage {
    var image = VariantImage([VariantImage.vdev(id: 99)])
    image.elf.segments.append(VariantImage.code(at: 0x6001_2000))
    return image
  }

  private static var inRingExpectation: Expectation {
    .rpmsg {
      $0.status = [1]
      $0.kicks = [:]
      $0.changes[1...] = [.ring(1, 0, id: 0), .ring(1, 1, id: 1), .device(1, status: 1)]
      $0.bytes = [(2, 0, VariantImage.code(at: 0).bytes)]
    }
  }
}

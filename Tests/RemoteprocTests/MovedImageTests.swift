import ELF
import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import WireTypes

extension SharedWindow {
  /// All bytes.
  var testBytes: [UInt8] { (0..<byteCount).map { loadUInt8(at: $0) } }
}

/// A position-independent image with a table whose trace lies in the image, and a pointer.
private func movable(
  entries: [ResourceTableBuilder.Entry] = [], byteCount: Int = 0x400
) throws -> MovableImage {
  var image = MovableImage(byteCount: byteCount)
  image.image.entry = 0x1020
  var builder = ResourceTableBuilder()
  builder.add(TestFirmware.trace("log", at: 0x1300, 0x40))
  for entry in entries { builder.add(entry) }
  image.storeTable(try builder.build(), at: 0x1200)
  // The address of the trace, behind header, offsets and type; and a pointer to the table.
  let da = 0x1200 + 16 + 4 * UInt64(1 + entries.count) + 4
  image.addRelocations([(da, 3, 0, 0x1300), (0x1040, 3, 0, 0x1200)], at: 0x1100)
  return image
}

@Suite("Boots of images that may lie anywhere")
struct MovedImageTests {
  private func boot(
    _ image: MovableImage, on platform: TestPlatform? = nil, _ options: BootOptions = BootOptions()
  ) throws -> RemoteProcessor<TestPlatform> {
    var processor = RemoteProcessor(platform: try platform ?? TestPlatform())
    try processor.boot(ELFFirmware(parsing: image.build()), options: options)
    return processor
  }

  private func refusal(
    _ image: MovableImage, on platform: TestPlatform? = nil, _ options: BootOptions = BootOptions()
  ) throws -> RemoteprocError? {
    var processor = RemoteProcessor(platform: try platform ?? TestPlatform())
    let firmware = try ELFFirmware(parsing: image.build())
    let error = bootError(of: &processor, firmware, options)
    if error != nil { expectClean(processor) }
    return error
  }

  @Test("Memory for the whole, entry, table, trace and pointers move with it")
  func moves() throws {
    let image = try movable()
    var processor = try boot(image)
    let carveout = try #require(processor.carveouts.first)
    #expect(processor.carveouts.count == 1)
    #expect(carveout.name == TestFirmware.name("image") && carveout.purpose == .image)
    #expect(carveout.byteCount == 0x400 && carveout.da.rawValue % 4096 == 0)
    let start = carveout.da.rawValue
    #expect(processor.bootAddress == device(start + 0x20))
    #expect(processor.platform.script.calls.contains("start \(device(start + 0x20))"))
    #expect(processor.table?.da == device(start + 0x200))
    #expect(processor.table?.isVisible == true)
    #expect(processor.traces.first?.da == device(start + 0x300))
    #expect(processor.traces.first?.isAvailable == true)
    #expect(image.word(at: 0x1040, in: carveout.window.testBytes) == start + 0x200)
    try processor.shutdown()
    expectClean(processor)
  }

  @Test(
    "The same image boots again after a stop and after a crash, from its bytes as they were read")
  func again() throws {
    let image = try movable()
    var processor = try boot(image)
    let first = processor.bootAddress
    processor.crash(CrashReport(kind: .watchdog))
    try processor.recover()
    let carveout = try #require(processor.carveouts.first)
    #expect(processor.bootAddress == first)
    #expect(
      image.word(at: 0x1040, in: carveout.window.testBytes) == carveout.da.rawValue + 0x200)
  }

  @Test("An image that relocates itself is moved as it is; only its addresses move")
  func itself() throws {
    let image = try movable()
    var fixed = image
    fixed.store(0xffff_ffff, at: 0x1200 + 16 + 4 + 4)
    let options = BootOptions(profile: .linux, relocation: .itself)
    let processor = try boot(fixed, options)
    let carveout = try #require(processor.carveouts.first)
    #expect(processor.bootAddress == carveout.da.advanced(by: 0x20))
    #expect(image.word(at: 0x1040, in: carveout.window.testBytes) == 0)
    // Relocations that the loader could not apply are no matter.
    fixed.dynamic = [(7, 0x9000), (8, 12)]
    #expect(try refusal(fixed, options) == nil)
  }

  @Test("Nothing moves when the user says so, and in the Linux profile")
  func none() throws {
    let image = try movable()
    for options in [BootOptions(relocation: ImageRelocation.none), BootOptions(profile: .linux)] {
      #expect(
        try refusal(image, options)
          == .segmentNotInMemory(header: 52, da: device(0x1000), byteCount: 0x400))
    }
    let processor = try boot(image, BootOptions(profile: .linux, relocation: .loader))
    #expect(processor.bootAddress?.rawValue ?? 0 > TestPlatform.base)
  }

  @Test("An executable, a binary and a hex file lie at fixed addresses")
  func fixed() throws {
    let options = BootOptions(relocation: .loader)
    try expectRefused(
      TestFirmware(), .image(.unsupportedType(offset: 16, type: .executable)), options: options)
    var processor = RemoteProcessor(platform: try TestPlatform())
    let binary = try BinaryFirmware([1], loadAddress: device(TestPlatform.base))
    #expect(throws: RemoteprocError.notRelocatable(format: "bin")) {
      try processor.boot(binary, options: options)
    }
    // A shared object without a dynamic table stays where it was linked to, unless told otherwise.
    var firmware = TestFirmware()
    firmware.image.type = 3
    var boots = RemoteProcessor(platform: try TestPlatform())
    try boots.boot(firmware.build())
    #expect(boots.bootAddress == device(TestPlatform.base))
  }

  @Test("The image keeps away from memory that its table wants at a fixed address")
  func avoids() throws {
    // The middle of memory is where the image would lie.
    let middle = TestPlatform.base + 0x8_0000
    let image = try movable(entries: [TestFirmware.carveout("heap", at: middle, 0x1000)])
    let processor = try boot(image)
    #expect(
      processor.carveouts.map(\.name) == ["heap", "image"].map { TestFirmware.name($0) })
    #expect(processor.carveouts[0].da == device(middle))
    #expect(processor.carveouts[1].da != device(middle))
  }

  @Test("Behind an IOMMU the addresses are those that the remote sees")
  func iommu() throws {
    let processor = try boot(try movable(), on: try TestPlatform.withIOMMU())
    let carveout = try #require(processor.carveouts.first)
    #expect(processor.bootAddress == carveout.da.advanced(by: 0x20))
    #expect(processor.platform.mapped?.map(\.da) == [carveout.da])
  }

  @Test("The place is aligned as the image demands")
  func alignment() throws {
    var image = try movable()
    image.image.segments = [ELFImage.Segment(address: 0x1_0000, bytes: [1])]
    image.image.segments[0].alignment = 0x1_0000
    let booted = try boot(image)
    let carveout = try #require(booted.carveouts.first)
    #expect(carveout.da.rawValue % 0x1_0000 == 0)
    #expect(carveout.byteCount == 0x1_0001)
  }

  @Test("E08 An image that wants more than the policy allows is refused before anything is given")
  func budget() throws {
    var image = try movable()
    image.image.segments = [
      ELFImage.Segment(address: 0x2000, bytes: [1], memoryByteCount: 0xf000_0000)
    ]
    var processor = RemoteProcessor(platform: try TestPlatform())
    let error = bootError(of: &processor, try ELFFirmware(parsing: image.build()))
    #expect(error == .carveoutBudget(needed: 0xf000_1000, limit: 64 << 20))
    #expect(!processor.platform.script.calls.contains { $0.hasPrefix("allocate") })
    // What the table wants counts besides.
    var platform = try TestPlatform()
    platform.policy.maximumCarveoutByteCount = 0x1000
    let more = try movable(entries: [TestFirmware.carveout("heap", 0xc01)])
    #expect(
      try refusal(more, on: platform) == .carveoutBudget(needed: 0x1001, limit: 0x1000))
  }

  @Test("More than there is, a failing platform, and a bad relocation leave nothing behind")
  func failures() throws {
    var image = try movable()
    image.image.segments = [
      ELFImage.Segment(address: 0x2000, bytes: [1], memoryByteCount: 2 << 20)
    ]
    guard case .platform(.outOfMemory)? = try refusal(image) else {
      Issue.record("2 MiB of 1 MiB")
      return
    }
    let platform = try TestPlatform()
    platform.script.fail(at: 1)
    #expect(
      try refusal(try movable(), on: platform) == .platform(.system(.allocate, errno: 5)))
    var broken = try movable()
    broken.dynamic[1].value = 13
    guard case .image(.badDynamicEntry(_, 8, 13))? = try refusal(broken) else {
      Issue.record("a table of 13 bytes")
      return
    }
  }

  @Test("A check tells of the same, and takes nothing")
  func check() throws {
    var processor = RemoteProcessor(platform: try TestPlatform())
    let good = try processor.check(ELFFirmware(parsing: try movable().build()))
    #expect(good.faults.isEmpty)
    var broken = try movable()
    broken.dynamic[1].value = 13
    let bad = try processor.check(ELFFirmware(parsing: broken.build()))
    #expect(bad.faults.count == 1)
    expectClean(processor)
  }
}

@Suite("Memory before the firmware starts")
struct ClearedMemoryTests {
  @Test("What no segment covers is zero, whatever was there before")
  func cleared() throws {
    let platform = try TestPlatform()
    let all = try #require(
      platform.pool.window(of: try deviceRange(TestPlatform.base, 1 << 20)))
    all.fill(from: 0, count: all.byteCount, with: 0xa5)
    var firmware = TestFirmware([TestFirmware.carveout("heap", 0x1000)])
    firmware.image.segments += [
      ELFImage.Segment(address: TestPlatform.base + 0x2000, bytes: [7, 7], memoryByteCount: 0x10)
    ]
    var processor = RemoteProcessor(platform: platform)
    try processor.boot(firmware.build())
    var expected = [UInt8](repeating: 0, count: 0x4000)
    expected.replaceSubrange(0..<64, with: [UInt8](repeating: 0x13, count: 64))
    expected.replaceSubrange(0x2000..<0x2002, with: [7, 7])
    let published = processor.table
    let table = try #require(published).snapshot()
    expected.replaceSubrange(0x1000..<(0x1000 + table.count), with: table)
    #expect(processor.carveouts[0].window.testBytes == expected)
    #expect(processor.carveouts[1].window.testBytes.allSatisfy { $0 == 0 })
  }

  @Test("A window is cleared but for the parts of it that others write")
  func windows() throws {
    let memory = try SharedRegion(byteCount: 0x1000).window
    func part(_ offset: UInt64, _ count: UInt64) throws -> SharedWindow {
      try #require(memory.window(at: offset, byteCount: count))
    }
    func cleared(_ window: SharedWindow, except: [SharedWindow]) -> [Int] {
      memory.fill(from: 0, count: memory.byteCount, with: 1)
      window.clear(except: except)
      let bytes = memory.testBytes
      return bytes.indices.filter { bytes[$0] == 0 }
    }
    let small = try part(0x10, 0x20)
    #expect(cleared(small, except: []) == Array(0x10..<0x30))
    #expect(cleared(small, except: [try part(0x10, 0x20)]) == [])
    #expect(cleared(small, except: [try part(0, 0x11), try part(0x2f, 9)]) == Array(0x11..<0x2f))
    #expect(
      cleared(small, except: [try part(0x20, 4), try part(0x18, 0xa), try part(0x18, 2)])
        == Array(0x10..<0x18) + Array(0x24..<0x30))
    #expect(cleared(small, except: [try part(0x30, 4), try part(0, 0x10)]) == Array(0x10..<0x30))
    let other = try SharedRegion(byteCount: 0x1000).window
    #expect(cleared(small, except: [other]) == Array(0x10..<0x30))
    // With very many all is cleared; who writes them does so after.
    let many = [SharedWindow](repeating: try part(0x10, 1), count: 257)
    #expect(cleared(small, except: many) == Array(0x10..<0x30))
  }
}

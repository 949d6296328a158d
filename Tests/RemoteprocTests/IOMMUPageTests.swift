import Remoteproc
import TestSupport
import Testing
import WireTypes

@Suite("Pages of an IOMMU")
struct IOMMUPageTests {
  private func runs(_ da: UInt64, _ pa: UInt64, _ byteCount: UInt64) -> [[UInt64]] {
    IOMMUPageSizes.arm.runs(
      da: device(da), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount
    ).map { [$0.pageByteCount, $0.count] }
  }

  @Test("The largest page that fits is taken, on the way up and on the way down")
  func largestFit() {
    let (k4, k64, m1, m16): (UInt64, UInt64, UInt64, UInt64) = (4096, 65_536, 1 << 20, 1 << 24)
    #expect(runs(0, 0, m16) == [[m16, 1]])
    #expect(runs(0, 0, m16 - k4) == [[m1, 15], [k64, 15], [k4, 15]])
    #expect(runs(k4, k4, m16 + m16 - k4) == [[k4, 15], [k64, 15], [m1, 15], [m16, 1]])
    #expect(runs(m16, m16 + m1, m16) == [[m1, 16]])
    #expect(runs(0, k4, k64) == [[k4, 16]])
    #expect(runs(k64, m1 + k64, m1) == [[k64, 16]])
    #expect(runs(0xff_f000, 0x2ff_f000, 3 * m16 + 2 * k4) == [[k4, 1], [m16, 3], [k4, 1]])
  }

  @Test(
    "Sizes that are no pages are refused", arguments: [0, 1, 2048, 4097, 12_288, .max] as [UInt64])
  func badSizes(byteCount: UInt64) {
    #expect(
      iommuError { () throws(IOMMUError) in _ = try IOMMUPageSizes([4096, byteCount]) }
        == .badPageSize(byteCount))
  }

  @Test("A unit has at least one size")
  func noSizes() throws {
    #expect(
      iommuError { () throws(IOMMUError) in _ = try IOMMUPageSizes([]) } == .badPageSize(0))
    let sizes = try IOMMUPageSizes([1 << 24, 4096, 4096])
    #expect(sizes.byteCounts == [4096, 1 << 24])
    #expect(sizes.smallest == 4096)
    #expect(try IOMMUPageSizes([1 << 63]).byteCounts == [1 << 63])
    #expect(IOMMUPageSizes.arm.byteCounts == [4096, 65_536, 1 << 20, 1 << 24])
  }

  @Test("Flags of a table: none means no protection, unknown bits mean nothing")
  func protection() {
    #expect(IOMMUProtection(tableFlags: 0) == [.read, .write])
    #expect(IOMMUProtection(tableFlags: 1) == [.read])
    #expect(IOMMUProtection(tableFlags: 2) == [.write])
    #expect(IOMMUProtection(tableFlags: 8) == [.read, .write, .noExecute])
    #expect(IOMMUProtection(tableFlags: 0xffff_ffff).rawValue == 0x1f)
    #expect(IOMMUProtection(tableFlags: 0xffff_ffe0) == [.read, .write])
    #expect(IOMMUProtection(tableFlags: 0).allowsExecution)
    #expect(!IOMMUProtection(tableFlags: 2).allowsExecution)
    #expect("\(IOMMUProtection(tableFlags: 9))" == "r--")
    #expect("\(IOMMUProtection.sharedData)" == "rw-")
    #expect("\(IOMMUProtection(tableFlags: 2))" == "-w-")
  }

  @Test("Free addresses: where preferred, else the lowest, never the page of null pointers")
  func freeAddresses() throws {
    var domain = try Domain.make([4096], at: 0, 0x1_0000)
    func place(
      _ byteCount: UInt64, _ alignment: UInt64 = 4096, _ preferred: UInt64? = nil,
      _ reserved: [AddressRange<DeviceAddress>] = []
    ) throws -> UInt64 {
      try domain.freeAddress(
        byteCount: byteCount, alignment: alignment, preferring: preferred.map(device),
        avoiding: reserved
      ).rawValue
    }
    #expect(try place(0x1000) == 0x1000)
    #expect(try place(0x1000, 0x8000) == 0x8000)
    #expect(try place(0x1000, 4096, 0x5000) == 0x5000)
    #expect(try place(0x1000, 4096, 0) == 0x1000)
    #expect(try place(0x1000, 4096, 0x5001) == 0x1000)
    #expect(try place(0x2000, 4096, 0xf000) == 0x1000)
    let reserved = try deviceRange(0x800, 0x1000)
    #expect(try place(0x1000, 4096, 0x1000, [reserved, reserved]) == 0x2000)
    #expect(try place(0xf000) == 0x1000)
    #expect(throws: IOMMUError.noAddress(byteCount: 0x1_0000, alignment: 4096)) {
      try place(0x1_0000)
    }
    try domain.map(Domain.mapping(0x4000, to: 0, 0x4000))
    try domain.map(Domain.mapping(0xa000, to: 0, 0x6000))
    #expect(try place(0x3000) == 0x1000)
    #expect(try place(0x2000, 0x4000) == 0x8000)
    #expect(throws: IOMMUError.noAddress(byteCount: 0x4000, alignment: 4096)) {
      try place(0x4000)
    }
    let above = try deviceRange(.max - 0xfff, 0x1000)
    #expect(try place(0x3000, 4096, nil, [above]) == 0x1000)
  }
}

/// A domain as the simplest thing that could work: what each 4 KiB page is, and in which hardware
/// page it lies.
private struct DomainModel {
  struct Page: Equatable {
    let pa: UInt64
    let start: UInt64
    let byteCount: UInt64
  }

  let sizes: [UInt64]
  var pages: [UInt64: Page] = [:]

  /// Maps, or tells that something is in the way.
  mutating func map(_ da: UInt64, _ pa: UInt64, _ byteCount: UInt64) -> Bool {
    for address in stride(from: da, to: da + byteCount, by: 4096) where pages[address] != nil {
      return false
    }
    var done: UInt64 = 0
    while done < byteCount {
      let size =
        sizes.last { size in
          size <= byteCount - done && (da + done) % size == 0 && (pa + done) % size == 0
        } ?? 0
      for offset in stride(from: done, to: done + size, by: 4096) {
        pages[da + offset] = Page(pa: pa + offset, start: da + done, byteCount: size)
      }
      done += size
    }
    return true
  }

  mutating func unmap(_ da: UInt64, _ byteCount: UInt64) -> Bool {
    let addresses = stride(from: da, to: da + byteCount, by: 4096)
    for address in addresses {
      guard let page = pages[address], page.start >= da,
        page.start + page.byteCount <= da + byteCount
      else { return false }
    }
    for address in addresses { pages[address] = nil }
    return true
  }
}

@Suite("IOMMU domain against a model")
struct IOMMUModelTests {
  private static let span: UInt64 = 48 << 20

  @Test("Random mappings and unmappings", arguments: 0..<8)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let all: [UInt64] = [4096, 65_536, 1 << 20, 1 << 24]
    let sizes = [4096] + all.dropFirst().filter { _ in Bool.random(using: &random) }
    var domain = try Domain.make(sizes, at: 0, Self.span)
    var model = DomainModel(sizes: sizes)
    for step in 0..<300 {
      let unit = all.randomElement(using: &random) ?? 4096
      let da = UInt64.random(in: 0..<Self.span / unit, using: &random) * unit
      let length: UInt64 = [4, 40, 600, 6000].randomElement(using: &random) ?? 4
      let most = min((Self.span - da) / 4096, length)
      let byteCount = UInt64.random(in: 1...most, using: &random) * 4096
      if Int.random(in: 0..<3, using: &random) < 2 {
        let pa = UInt64.random(in: 0..<64, using: &random) * unit
        let error = iommuError { () throws(IOMMUError) in
          try domain.map(Domain.mapping(da, to: pa, byteCount))
        }
        #expect((error == nil) == model.map(da, pa, byteCount), "seed \(seed) step \(step)")
      } else {
        let range = try unmapRange(domain, da, byteCount, &random)
        let error = iommuError { () throws(IOMMUError) in try domain.unmap(range) }
        #expect(
          (error == nil) == model.unmap(range.start.rawValue, range.byteCount),
          "seed \(seed) step \(step): \(String(describing: error))")
      }
      if step % 10 == 9 { try expectEqual(domain, model, "seed \(seed) step \(step)") }
    }
    #expect(!domain.mappings.isEmpty)
  }

  /// Now and then exactly a mapping, as random ranges rarely begin and end where pages do.
  private func unmapRange(
    _ domain: IOMMUDomain, _ da: UInt64, _ byteCount: UInt64, _ random: inout SeededGenerator
  ) throws -> AddressRange<DeviceAddress> {
    guard Bool.random(using: &random), let mapping = domain.mappings.randomElement(using: &random)
    else { return try deviceRange(da, byteCount) }
    let run = try #require(domain.pageRuns(of: mapping).randomElement(using: &random))
    let count = UInt64.random(in: 1...run.count, using: &random)
    return try deviceRange(run.da.rawValue, count * run.pageByteCount)
  }

  private func expectEqual(
    _ domain: IOMMUDomain, _ model: DomainModel, _ comment: Comment
  ) throws {
    var found: [UInt64: DomainModel.Page] = [:]
    for mapping in domain.mappings {
      for run in domain.pageRuns(of: mapping) {
        for offset in stride(from: 0, to: run.byteCount, by: 4096) {
          found[run.da.rawValue + offset] = DomainModel.Page(
            pa: run.pa.rawValue + offset,
            start: run.da.rawValue + offset / run.pageByteCount * run.pageByteCount,
            byteCount: run.pageByteCount)
        }
      }
    }
    try #require(found == model.pages, comment)
    for da in stride(from: 0, to: Self.span, by: 0x7_f000) {
      let pa = domain.translate(device(da + 5))?.rawValue
      try #require(pa == model.pages[da].map { $0.pa + 5 }, comment)
    }
  }
}

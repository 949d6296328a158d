import Remoteproc
import Testing
import WireTypes

/// A domain with ARM's pages on all of 32 bits, unless a test wants another.
struct Domain {
  static let kibi: UInt64 = 1 << 10
  static let mebi: UInt64 = 1 << 20

  static func make(
    _ sizes: [UInt64] = [4 << 10, 64 << 10, 1 << 20, 16 << 20], at start: UInt64 = 0,
    _ byteCount: UInt64 = 1 << 32
  ) throws -> IOMMUDomain {
    try IOMMUDomain(
      pageSizes: IOMMUPageSizes(sizes),
      aperture: #require(AddressRange(start: device(start), byteCount: byteCount)))
  }

  static func mapping(
    _ da: UInt64, to pa: UInt64, _ byteCount: UInt64,
    _ protection: IOMMUProtection = [.read, .write]
  ) -> IOMMUMapping {
    IOMMUMapping(
      da: device(da), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount,
      protection: protection)
  }
}

/// What `body` throws; `nil` when it succeeds.
func iommuError(_ body: () throws(IOMMUError) -> Void) -> IOMMUError? {
  do throws(IOMMUError) {
    try body()
    return nil
  } catch { return error }
}

@Suite("IOMMU domain")
struct IOMMUDomainTests {
  @Test("A mapping is found by every address in it and by no other")
  func translate() throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x8000_0000, to: 0x1000, 0x3000))
    #expect(domain.translate(device(0x8000_0000))?.rawValue == 0x1000)
    #expect(domain.translate(device(0x8000_2fff))?.rawValue == 0x3fff)
    #expect(domain.translate(device(0x7fff_ffff)) == nil)
    #expect(domain.translate(device(0x8000_3000)) == nil)
    #expect(domain.mappedByteCount == 0x3000)
    #expect(domain.mapping(at: device(0x8000_1000))?.byteCount == 0x3000)
  }

  @Test("A range is translated when it lies in one piece on the bus, whatever mappings it spans")
  func translateRange() throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x2000, to: 0x1_2000, 0x1000))
    try domain.map(Domain.mapping(0x3000, to: 0x1_3000, 0x1000))
    try domain.map(Domain.mapping(0x4000, to: 0x2_4000, 0x1000))
    let found = try domain.translate(deviceRange(0x2800, 0x1800))
    #expect(found?.start.rawValue == 0x1_2800)
    #expect(found?.byteCount == 0x1800)
    #expect(try domain.translate(deviceRange(0x2800, 0x1801)) == nil)
    #expect(try domain.translate(deviceRange(0x4800, 0x801)) == nil)
    #expect(try domain.translate(deviceRange(0x1fff, 1)) == nil)
    #expect(try domain.translate(deviceRange(0x2000, 0)) == nil)
  }

  @Test("Empty mappings are refused")
  func empty() throws {
    var domain = try Domain.make()
    let error = iommuError { () throws(IOMMUError) in
      try domain.map(Domain.mapping(0x1000, to: 0x1000, 0))
    }
    #expect(error == .empty(device(0x1000)))
    let nothing = try deviceRange(0x1000, 0)
    #expect(
      iommuError { () throws(IOMMUError) in try domain.unmap(nothing) } == .empty(device(0x1000)))
  }

  @Test(
    "Addresses and lengths that are not whole pages are refused",
    arguments: [
      (0x1001, 0x1000, 0x1000), (0x1000, 0x1800, 0x1000), (0x1000, 0x1000, 0x1001),
      (0x1000, 0x1000, 0xfff),
    ] as [(UInt64, UInt64, UInt64)])
  func misaligned(da: UInt64, pa: UInt64, byteCount: UInt64) throws {
    var domain = try Domain.make()
    let error = iommuError { () throws(IOMMUError) in
      try domain.map(Domain.mapping(da, to: pa, byteCount))
    }
    #expect(
      error
        == .misaligned(
          device(da), pa: PhysicalAddress(rawValue: pa), byteCount: byteCount,
          pageByteCount: 4096))
    #expect(domain.mappings.isEmpty)
  }

  @Test("What a unit without 4 KiB pages aligns to is its smallest page")
  func largeSmallest() throws {
    var domain = try Domain.make([64 << 10, 16 << 20])
    let error = iommuError { () throws(IOMMUError) in
      try domain.map(Domain.mapping(0x1000, to: 0x1000, 0x1_0000))
    }
    #expect(
      error
        == .misaligned(
          device(0x1000), pa: PhysicalAddress(rawValue: 0x1000), byteCount: 0x1_0000,
          pageByteCount: 0x1_0000))
    #expect(domain.pageSizes.roundedUp(1) == 0x1_0000)
    #expect(domain.pageSizes.roundedUp(0) == 0)
    #expect(domain.pageSizes.roundedUp(.max) == nil)
    #expect(domain.pageSizes.largest(upTo: 1) == 0x1_0000)
    #expect(domain.pageSizes.largest(upTo: 16 << 20) == 16 << 20)
  }

  @Test("Device and physical addresses that wrap are refused")
  func wraps() throws {
    let top: UInt64 = 0xffff_ffff_ffff_f000
    var domain = try Domain.make(at: 0, top)
    #expect(
      iommuError { () throws(IOMMUError) in
        try domain.map(Domain.mapping(top, to: 0, 0x2000))
      } == .wraps(device(top), pa: nil, byteCount: 0x2000))
    #expect(
      iommuError { () throws(IOMMUError) in
        try domain.map(Domain.mapping(0x1000, to: top, 0x2000))
      }
        == .wraps(device(0x1000), pa: PhysicalAddress(rawValue: top), byteCount: 0x2000))
  }

  @Test("The last page of the address space can be mapped and unmapped")
  func top() throws {
    let top: UInt64 = 0xffff_ffff_ffff_f000
    var domain = try Domain.make(at: top, 0x1000)
    try domain.map(Domain.mapping(top, to: top, 0x1000))
    #expect(domain.translate(device(.max))?.rawValue == .max)
    try domain.unmap(deviceRange(top, 0x1000))
    #expect(domain.mappings.isEmpty)
  }

  @Test(
    "Only what the unit translates can be mapped",
    arguments: [(0x7fff_f000, 0x1000), (0x7fff_f000, 0x2000), (0x8010_0000, 0x1000)]
      as [(UInt64, UInt64)])
  func aperture(da: UInt64, byteCount: UInt64) throws {
    var domain = try Domain.make(at: 0x8000_0000, 1 << 20)
    #expect(
      iommuError { () throws(IOMMUError) in
        try domain.map(Domain.mapping(da, to: 0, byteCount))
      } == .outsideAperture(device(da), byteCount: byteCount))
    try domain.map(Domain.mapping(0x8000_0000, to: 0, 1 << 20))
  }

  @Test("The aperture is whole pages")
  func badAperture() throws {
    let range = try deviceRange(0x1000, 0x800)
    #expect(
      iommuError { () throws(IOMMUError) in
        _ = try IOMMUDomain(pageSizes: .arm, aperture: range)
      } == .misaligned(device(0x1000), pa: nil, byteCount: 0x800, pageByteCount: 4096))
    let nothing = try deviceRange(0x1000, 0)
    #expect(
      iommuError { () throws(IOMMUError) in
        _ = try IOMMUDomain(pageSizes: .arm, aperture: nothing)
      } == .empty(device(0x1000)))
  }

  @Test(
    "Overlaps are refused, and name the first address that both share",
    arguments: [
      (0x1_0000, 0x1000, 0x1_0000), (0xf000, 0x2000, 0x1_0000), (0x1_3000, 0x1000, 0x1_3000),
      (0xf000, 0x8000, 0x1_0000), (0x1_1000, 0x1000, 0x1_1000),
    ] as [(UInt64, UInt64, UInt64)])
  func overlap(da: UInt64, byteCount: UInt64, shared: UInt64) throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x1_0000, to: 0, 0x4000))
    #expect(
      iommuError { () throws(IOMMUError) in
        try domain.map(Domain.mapping(da, to: 0x10_0000, byteCount))
      } == .alreadyMapped(device(shared)))
    #expect(domain.mappings.count == 1)
    try domain.map(Domain.mapping(0xf000, to: 0x10_0000, 0x1000))
    try domain.map(Domain.mapping(0x1_4000, to: 0x10_0000, 0x1000))
  }

  @Test("Two device addresses may show the same memory")
  func alias() throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x1000, to: 0x9000, 0x1000))
    try domain.map(Domain.mapping(0x5000, to: 0x9000, 0x1000, [.read]))
    #expect(domain.translate(device(0x1000)) == domain.translate(device(0x5000)))
  }

  @Test("Pages in the middle of a mapping can be unmapped, the rest stays")
  func unmapMiddle() throws {
    var domain = try Domain.make([4096])
    try domain.map(Domain.mapping(0x1_0000, to: 0x8_0000, 0x4000, .sharedData))
    try domain.unmap(deviceRange(0x1_1000, 0x2000))
    #expect(
      domain.mappings == [
        Domain.mapping(0x1_0000, to: 0x8_0000, 0x1000, .sharedData),
        Domain.mapping(0x1_3000, to: 0x8_3000, 0x1000, .sharedData),
      ])
    try domain.unmap(deviceRange(0x1_3000, 0x1000))
    try domain.unmap(deviceRange(0x1_0000, 0x1000))
    #expect(domain.mappings.isEmpty)
  }

  @Test("Several mappings in a row can be unmapped at once")
  func unmapSeveral() throws {
    var domain = try Domain.make([4096])
    for index in 0..<4 as Range<UInt64> {
      try domain.map(Domain.mapping(0x1000 * index, to: 0x9000 * index, 0x1000))
    }
    try domain.unmap(deviceRange(0x1000, 0x2000))
    #expect(domain.mappings.map(\.da.rawValue) == [0, 0x3000])
  }

  @Test(
    "What is not mapped cannot be unmapped, and nothing changes",
    arguments: [(0, 0x1000, 0), (0x1000, 0x2000, 0x2000), (0, 0x2000, 0), (0x3000, 0x2000, 0x4000)]
      as [(UInt64, UInt64, UInt64)])
  func notMapped(start: UInt64, byteCount: UInt64, hole: UInt64) throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x1000, to: 0, 0x1000))
    try domain.map(Domain.mapping(0x3000, to: 0, 0x1000))
    let before = domain
    let range = try deviceRange(start, byteCount)
    #expect(
      iommuError { () throws(IOMMUError) in try domain.unmap(range) } == .notMapped(device(hole)))
    #expect(domain == before)
  }

  @Test(
    "Part of a large page cannot be unmapped",
    arguments: [
      (0x100_0000, 0x1000, 0x100_0000, 16 << 20), (0x100_0000, 0x10_0000, 0x100_0000, 16 << 20),
      (0x1ff_f000, 0x1000, 0x100_0000, 16 << 20), (0x1ff_f000, 0x2000, 0x100_0000, 16 << 20),
      (0x200_0000, 0x8000, 0x200_0000, 64 << 10),
    ] as [(UInt64, UInt64, UInt64, UInt64)])
  func partialPage(
    start: UInt64, byteCount: UInt64, page: UInt64, pageByteCount: UInt64
  ) throws {
    var domain = try Domain.make()
    // 16 MiB, then 64 KiB, then 4 KiB.
    try domain.map(Domain.mapping(0x100_0000, to: 0x300_0000, 0x101_1000))
    let before = domain
    let range = try deviceRange(start, byteCount)
    #expect(
      iommuError { () throws(IOMMUError) in try domain.unmap(range) }
        == .partialPage(device(page), pageByteCount: pageByteCount))
    #expect(domain == before)
    try domain.unmap(deviceRange(0x200_0000, 0x1_0000))
    #expect(domain.mappings.count == 2)
    #expect(domain.pageRuns(of: domain.mappings[0]).map(\.pageByteCount) == [16 << 20])
  }

  @Test("Unmapping is by whole pages")
  func misalignedUnmap() throws {
    var domain = try Domain.make()
    try domain.map(Domain.mapping(0x1000, to: 0, 0x2000))
    let range = try deviceRange(0x1800, 0x1000)
    #expect(
      iommuError { () throws(IOMMUError) in try domain.unmap(range) }
        == .misaligned(device(0x1800), pa: nil, byteCount: 0x1000, pageByteCount: 4096))
  }

  @Test("Errors say what, where and by how much")
  func descriptions() {
    let errors: [IOMMUError] = [
      .badPageSize(12), .empty(device(1)),
      .misaligned(
        device(0x1001), pa: PhysicalAddress(rawValue: 0x2000), byteCount: 0x10,
        pageByteCount: 0x1000),
      .wraps(device(0xf000), pa: nil, byteCount: 0x2000),
      .outsideAperture(device(0x10), byteCount: 0x1000), .alreadyMapped(device(0x3000)),
      .notMapped(device(0x4000)), .partialPage(device(0x5000), pageByteCount: 0x1_0000),
      .noAddress(byteCount: 0x1000, alignment: 0x2000),
    ]
    #expect(
      errors.map(\.description) == [
        "IOMMU pages of 12 bytes (must be a power of two from 4096 up)",
        "IOMMU mapping of 0 bytes at da 0x1",
        "IOMMU: 0x10 bytes at da 0x1001, pa 0x2000 are not whole pages of 0x1000",
        "IOMMU: 0x2000 bytes at da 0xf000 go past the end of the address space",
        "IOMMU: 0x1000 bytes at da 0x10 are outside what the unit translates",
        "IOMMU: da 0x3000 is mapped already", "IOMMU: nothing is mapped at da 0x4000",
        "IOMMU: the page of 0x10000 bytes at da 0x5000 cannot be unmapped in part",
        "IOMMU: no 0x1000 free device addresses in a row, aligned to 0x2000",
      ])
    #expect(Domain.mapping(0, to: 4096, 8192, [.read]).description.hasSuffix("r-x"))
  }
}

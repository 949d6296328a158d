import Remoteproc
import SharedMemory
import TestSupport
import Testing
import WireTypes

func device(_ raw: UInt64) -> DeviceAddress { DeviceAddress(rawValue: raw) }

func deviceRange(_ start: UInt64, _ byteCount: UInt64) throws -> AddressRange<DeviceAddress> {
  try #require(AddressRange(start: device(start), byteCount: byteCount))
}

@Suite("Device memory pool")
struct DeviceMemoryPoolTests {
  private func pool(
    _ placement: DeviceMemoryPool.Placement, byteCount: Int = 0x10_0000
  ) throws -> DeviceMemoryPool {
    DeviceMemoryPool(
      base: device(0x6000_0000), physicalBase: PhysicalAddress(rawValue: 0x800_0000),
      memory: try SharedRegion(byteCount: byteCount).window, placement: placement)
  }

  private func request(
    _ byteCount: UInt64, at da: UInt64? = nil, alignment: UInt64 = 4096
  ) -> MemoryRequest {
    MemoryRequest(
      name: WireName("x" as StaticString), da: da.map(device), byteCount: byteCount,
      alignment: alignment,
      purpose: .carveout)
  }

  @Test("Packed pieces lie one behind the other, fixed ones where they want to")
  func packed() throws {
    var pool = try pool(.packed)
    let first = try pool.allocate(request(0x1800))
    #expect(first.da == device(0x6000_0000))
    #expect(try pool.allocate(request(0x1000, at: 0x6000_3000)).da == device(0x6000_3000))
    #expect(try pool.allocate(request(0x1000)).da == device(0x6000_2000))
    #expect(try pool.allocate(request(0x8000, alignment: 0x8000)).da == device(0x6000_8000))
    pool.reserve([try deviceRange(0x6000_4000, 0x1000)])
    #expect(try pool.allocate(request(0x1000)).da == device(0x6000_5000))
    #expect(pool.largestFreeByteCount == 0xf_0000)
    pool.release(first)
    #expect(try pool.allocate(request(0x1000)).da == device(0x6000_0000))
  }

  @Test("A block is the lowest free power of two of pages, aligned to its size")
  func buddyBlocks() throws {
    var pool = try pool(.buddy)
    let sizes: [UInt64] = [1, 0x11000, 0x1000, 0x2000, 0x3000]
    let starts: [UInt64] = [0, 0x20000, 0x1000, 0x2000, 0x4000]
    for (size, start) in zip(sizes, starts) {
      let grant = try pool.allocate(request(size))
      #expect(grant.da == device(0x6000_0000 + start))
      #expect(grant.pa == PhysicalAddress(rawValue: 0x800_0000 + start))
      #expect(grant.window.byteCount == Int(size))
    }
  }

  @Test("A pool of blocks ignores a fixed address")
  func buddyIgnoresAddress() throws {
    var pool = try pool(.buddy)
    #expect(try pool.allocate(request(0x1000, at: 0x10000)).da == device(0x6000_0000))
  }

  @Test("All of the pool, one page more, and nothing at all", arguments: [0x10_0000])
  func limits(byteCount: UInt64) throws {
    for placement in [DeviceMemoryPool.Placement.buddy, .identity] {
      var pool = try pool(placement)
      #expect(throws: PlatformError.invalidRequest(byteCount: 0, alignment: 4096)) {
        try pool.allocate(request(0))
      }
      #expect(throws: PlatformError.invalidRequest(byteCount: 1, alignment: 3)) {
        try pool.allocate(request(1, alignment: 3))
      }
      #expect(throws: PlatformError.outOfMemory(needed: byteCount + 1, available: byteCount)) {
        try pool.allocate(request(byteCount + 1))
      }
      #expect(throws: PlatformError.outOfMemory(needed: .max, available: byteCount)) {
        try pool.allocate(request(.max))
      }
      let all = try pool.allocate(request(byteCount))
      #expect(throws: PlatformError.outOfMemory(needed: 1, available: 0)) {
        try pool.allocate(request(1))
      }
      pool.release(all)
      #expect(pool.grantedByteCount == 0)
      #expect(try pool.allocate(request(byteCount)).da == all.da)
    }
  }

  @Test("A fixed address gets exactly that memory, once")
  func identityFixed() throws {
    var pool = try pool(.identity)
    let grant = try pool.allocate(request(0x101, at: 0x6000_0123))
    #expect(grant.da == device(0x6000_0123))
    for (da, size) in [
      (0x6000_0123, 1), (0x6000_0100, 0x24), (0x6000_0223, 1), (0x5fff_ffff, 2),
      (0x600f_ffff, 2), (0x7000_0000, 1), (0, 1), (UInt64.max, 1),
    ] as [(UInt64, UInt64)] {
      #expect(throws: PlatformError.addressNotAvailable(device(da), byteCount: size)) {
        try pool.allocate(request(size, at: da))
      }
    }
    #expect(try pool.allocate(request(0x23, at: 0x6000_0100)).window.byteCount == 0x23)
    #expect(try pool.allocate(request(1, at: 0x6000_0224)).da == device(0x6000_0224))
    #expect(try pool.allocate(request(1, at: 0x600f_ffff)).da == device(0x600f_ffff))
  }

  @Test("Memory without a fixed address avoids what is out and what is reserved")
  func identityAvoidsReserved() throws {
    var pool = try pool(.identity)
    pool.reserve([
      try deviceRange(0x6008_0000, 0x1000), try deviceRange(0x5fff_0000, 0x1_1000),
      try deviceRange(0x6008_3000, 1), try deviceRange(0x600f_f000, 0x10_0000),
      try deviceRange(0, 0), try deviceRange(UInt64.max, 1),
    ])
    #expect(try pool.allocate(request(0x1000)).da == device(0x6008_1000))
    #expect(try pool.allocate(request(0x2000)).da == device(0x6008_4000))
    #expect(try pool.allocate(request(0x1000)).da == device(0x6008_2000))
    #expect(try pool.allocate(request(0x1000, alignment: 0x10000)).da == device(0x6009_0000))
    #expect(try pool.allocate(request(4, at: 0x6008_3000)).da == device(0x6008_3000))
    pool.reserve([])
    #expect(try pool.allocate(request(0x1000)).da == device(0x6008_0000))
  }

  @Test("What does not fit into the upper half comes to lie lower")
  func identityLowerHalf() throws {
    var pool = try pool(.identity)
    #expect(try pool.allocate(request(0x8_0000)).da == device(0x6008_0000))
    #expect(try pool.allocate(request(0x4_0000)).da == device(0x6000_0000))
    #expect(try pool.allocate(request(0x4_0000)).da == device(0x6004_0000))
  }

  @Test("Random pieces never overlap, and the pool is whole again after", arguments: 0..<50)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var pool = try pool(seed.isMultiple(of: 2) ? .buddy : .identity)
    var grants: [MemoryGrant] = []
    for _ in 0..<200 {
      if Bool.random(using: &random), !grants.isEmpty {
        pool.release(grants.remove(at: .random(in: 0..<grants.count, using: &random)))
      } else if let grant = try? pool.allocate(request(.random(in: 1...0x9000, using: &random))) {
        let range = try deviceRange(grant.da.rawValue, UInt64(grant.window.byteCount))
        for other in grants {
          let taken = try deviceRange(other.da.rawValue, UInt64(other.window.byteCount))
          #expect(!taken.overlaps(range), "seed \(seed)")
        }
        #expect(pool.window(of: range) != nil, "seed \(seed)")
        grants.append(grant)
      }
    }
    for grant in grants { pool.release(grant) }
    #expect(pool.grantedByteCount == 0, "seed \(seed)")
    #expect(pool.largestFreeByteCount == pool.byteCount, "seed \(seed)")
  }
}

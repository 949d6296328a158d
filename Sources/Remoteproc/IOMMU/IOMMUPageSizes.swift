public import WireTypes

/// The sizes of pages that a translation unit knows.
///
/// Units differ: some know four sizes, some one. A mapping is made of the largest pages that fit,
/// because each page costs an entry of a table or of a lookaside buffer.
public struct IOMMUPageSizes: Equatable, Sendable {
  /// Bytes of the smallest page that any unit has.
  public static let minimumByteCount: UInt64 = 4096

  /// The four sizes of ARM's short descriptors, which OMAP's units have: 4 KiB, 64 KiB, 1 MiB and
  /// 16 MiB.
  public static let arm = IOMMUPageSizes(bits: 1 << 12 | 1 << 16 | 1 << 20 | 1 << 24)

  /// Bit n: there are pages of 2^n bytes.
  private let bits: UInt64

  private init(bits: UInt64) { self.bits = bits }

  /// Makes a set of sizes in bytes, in any order.
  ///
  /// - Throws: ``IOMMUError/badPageSize(_:)`` for one that is below ``minimumByteCount`` or no power
  ///   of two, and for an empty set with 0.
  public init(_ byteCounts: [UInt64]) throws(IOMMUError) {
    guard !byteCounts.isEmpty else { throw .badPageSize(0) }
    var bits: UInt64 = 0
    for byteCount in byteCounts {
      guard byteCount >= Self.minimumByteCount, byteCount.nonzeroBitCount == 1 else {
        throw .badPageSize(byteCount)
      }
      // A power of two is its own bit.
      bits |= byteCount
    }
    self.bits = bits
  }

  /// Bytes of each size, smallest first.
  public var byteCounts: [UInt64] {
    (0..<64).map { UInt64(1) << UInt64($0) }.filter { bits & $0 != 0 }
  }

  /// Bytes of the smallest page: what every address and every length is a multiple of.
  public var smallest: UInt64 { 1 << UInt64(bits.trailingZeroBitCount) }

  /// The largest page of at most `byteCount` bytes, or the smallest when there is none.
  public func largest(upTo byteCount: UInt64) -> UInt64 {
    byteCounts.last { $0 <= byteCount } ?? smallest
  }

  /// Whether `value` is a multiple of the smallest page.
  public func isAligned(_ value: UInt64) -> Bool { value & (smallest - 1) == 0 }

  /// `byteCount` rounded up to whole smallest pages, or `nil` beyond 64 bits.
  public func roundedUp(_ byteCount: UInt64) -> UInt64? {
    let (sum, overflow) = byteCount.addingReportingOverflow(smallest - 1)
    return overflow ? nil : sum & ~(smallest - 1)
  }

  /// The pages of a mapping, in the order of addresses: at each address the largest page to which
  /// both addresses are aligned and for which enough bytes are left.
  ///
  /// There are at most two runs of each size, less one. Source: practice (IOMMU drivers of Linux
  /// choose the same pages).
  ///
  /// - Precondition: both addresses and the length are multiples of the smallest page, and neither
  ///   range wraps.
  public func runs(
    da: DeviceAddress, pa: PhysicalAddress, byteCount: UInt64
  ) -> [IOMMUPageRun] {
    precondition(isAligned(da.rawValue | pa.rawValue | byteCount), "whole pages")
    let sizes = byteCounts
    var runs: [IOMMUPageRun] = []
    var done: UInt64 = 0
    while done < byteCount {
      let run = run(sizes, da: da.rawValue + done, pa: pa.rawValue + done, left: byteCount - done)
      runs.append(run)
      done += run.byteCount
    }
    return runs
  }

  /// The pages of equal size with which a mapping of `left` bytes begins.
  private func run(_ sizes: [UInt64], da: UInt64, pa: UInt64, left: UInt64) -> IOMMUPageRun {
    let index = sizes.lastIndex { $0 <= left && (da | pa) & ($0 - 1) == 0 } ?? 0
    let page = sizes[index]
    var byteCount = left / page * page
    if index + 1 < sizes.count {
      // Larger pages take over where both addresses come to their alignment, if they ever do.
      let next = sizes[index + 1]
      let distance = (0 &- da) & (next - 1)
      if (da ^ pa) & (next - 1) == 0, distance <= left, next <= left - distance {
        byteCount = distance
      }
    }
    return IOMMUPageRun(
      da: DeviceAddress(rawValue: da), pa: PhysicalAddress(rawValue: pa), pageByteCount: page,
      count: byteCount / page)
  }
}

/// Pages of one size in a row.
public struct IOMMUPageRun: Equatable, Sendable {
  /// Where the first page begins for the processor.
  public let da: DeviceAddress
  /// Where it begins on the physical bus.
  public let pa: PhysicalAddress
  /// Bytes of each page.
  public let pageByteCount: UInt64
  /// Pages in the run, not 0.
  public let count: UInt64

  /// Bytes of all pages together.
  public var byteCount: UInt64 { pageByteCount * count }

  /// Makes a run.
  public init(da: DeviceAddress, pa: PhysicalAddress, pageByteCount: UInt64, count: UInt64) {
    self.da = da
    self.pa = pa
    self.pageByteCount = pageByteCount
    self.count = count
  }
}

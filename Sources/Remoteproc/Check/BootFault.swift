public import WireTypes

/// A rule that firmware breaks, so that it does not boot.
public struct BootFault: Equatable, Sendable {
  /// What a boot that ends here throws.
  public let error: RemoteprocError
  /// The memory that was asked for, when `error` is the platform's and does not say it.
  public let memory: WireName?

  /// Makes a fault.
  public init(_ error: RemoteprocError, memory: WireName? = nil) {
    self.error = error
    self.memory = memory
  }
}

/// What a boot of some firmware on some platform would come to.
public struct FirmwareCheck: Equatable, Sendable {
  /// Rules that are broken, in the order in which a boot comes to them; empty when it boots.
  ///
  /// A boot throws the first. What only follows from another fault is left out, such as a segment
  /// that lies in a carveout which cannot be had.
  public var faults: [BootFault] = []
  /// Faults beyond those listed.
  public var omittedFaultCount = 0
  /// What is odd and would not stop a boot.
  public var notices: [BootNotice] = []

  /// A check that found nothing.
  public init() {}
}

/// What becomes of a broken rule: a boot ends with the first one, a check notes all.
struct FaultLog {
  /// Faults that are kept; later ones are only counted.
  static let limit = 1000

  /// Whether faults are noted and not thrown.
  let isCollecting: Bool
  private(set) var check = FirmwareCheck()
  /// Memory that is not there because of a fault that was noted.
  private(set) var lostMemory: Set<WireName> = []
  private var lostRanges: [AddressRange<DeviceAddress>] = []
  /// What the table asks for is not known in full: any memory may be missing.
  private var hasLostEntries = false

  init(isCollecting: Bool) { self.isCollecting = isCollecting }

  /// Throws `error`, or notes it once.
  mutating func report(
    _ error: RemoteprocError, memory: WireName? = nil
  ) throws(RemoteprocError) {
    guard isCollecting else { throw error }
    let fault = BootFault(error, memory: memory)
    guard !check.faults.contains(fault) else { return }
    if check.faults.count < Self.limit {
      check.faults.append(fault)
    } else {
      check.omittedFaultCount += 1
    }
  }

  /// Notes that memory which firmware counts on is missing, at `range` if it wants it there.
  mutating func lose(_ name: WireName, at range: AddressRange<DeviceAddress>?) {
    lostMemory.insert(name)
    if let range { lostRanges.append(range) }
  }

  /// Notes that some of what the table asks for is not known.
  mutating func loseEntries() { hasLostEntries = true }

  /// Whether a fault that was noted explains why there is no memory at `da`.
  func explains(_ da: DeviceAddress, byteCount: UInt64) -> Bool {
    hasLostEntries || lostRanges.contains { $0.offset(of: da, byteCount: byteCount) != nil }
  }
}

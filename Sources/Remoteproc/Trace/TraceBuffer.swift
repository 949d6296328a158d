public import SharedMemory
public import WireTypes

/// A buffer into which a running remote writes its log.
public struct TraceBuffer: Sendable {
  /// Bytes of a buffer that are ever looked at; a larger one is cut.
  public static let maximumByteCount = 1 << 20

  /// The number of the buffer in its processor, from 0.
  public let index: Int
  /// The name the firmware gave it.
  public let name: WireName
  /// Where the remote sees it; `nil` when the firmware did not say.
  public let da: DeviceAddress?
  /// Bytes as the firmware says; see ``maximumByteCount``.
  public let byteCount: UInt64
  /// The bytes; `nil` when they are in no memory the host can read.
  public let window: SharedWindow?

  /// Whether the host can read the buffer.
  public var isAvailable: Bool { window != nil }

  /// What the buffer holds now, up to the first NUL; empty when it is not available.
  ///
  /// The remote may be writing meanwhile, so the last bytes may be a mix of old and new.
  public func contents() -> [UInt8] { Array(sample().prefix { $0 != 0 }) }

  /// All bytes as they are now.
  func sample() -> [UInt8] {
    guard let window else { return [] }
    return window.sampleBytes(min(window.byteCount, Self.maximumByteCount))
  }
}

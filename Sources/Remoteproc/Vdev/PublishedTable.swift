public import SharedMemory
public import WireTypes

/// The resource table of a booted processor.
public struct PublishedTable: Sendable {
  /// Where the image wants the table.
  public let da: DeviceAddress
  /// Whether the remote sees it; otherwise it is the host's own copy.
  public let isVisible: Bool
  /// The table; its status bytes and configuration space change while the processor runs.
  public let window: SharedWindow

  /// What was published, for a comparison.
  let settled: SettledTable

  /// Bytes that are no longer what the host published although nobody may change them; `nil` when
  /// all is well, or when the remote does not see the table.
  ///
  /// The host works by its own copy whatever the remote writes.
  public func tampering() -> TableTampering? {
    isVisible ? settled.difference(from: snapshot()) : nil
  }

  /// All bytes as they are now.
  public func snapshot() -> [UInt8] { window.sampleBytes(window.byteCount) }

  /// A window of the host's own with `bytes` in it.
  static func privateWindow(byteCount: Int) throws(RemoteprocError) -> SharedWindow {
    do throws(SharedMemoryError) {
      let window = try SharedRegion(byteCount: max(1, byteCount)).window
      return window.window(at: 0, byteCount: UInt64(byteCount)) ?? window
    } catch { throw .hostMemory(error) }
  }
}

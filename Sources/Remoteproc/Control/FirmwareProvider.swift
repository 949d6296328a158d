/// Where firmware of a name comes from: a search path, a package, a test.
///
/// May be called from any thread, and may block while it reads.
public protocol FirmwareProvider: Sendable {
  /// The firmware called `name`.
  ///
  /// - Throws: ``RemoteprocError/firmware(name:errno:)``, or ``RemoteprocError/image(_:)`` and the
  ///   like when what was found is no firmware.
  func firmware(named name: String) throws(RemoteprocError) -> any FirmwareFormat
}

/// Firmware that is in memory, whatever it is called.
public struct FixedFirmware: FirmwareProvider {
  private let image: any FirmwareFormat

  /// Always gives `image`.
  public init(_ image: some FirmwareFormat) { self.image = image }

  /// The image.
  public func firmware(named name: String) throws(RemoteprocError) -> any FirmwareFormat { image }
}

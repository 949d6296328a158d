import WireTypes

extension RemoteProcessor where Platform: ~Copyable {
  /// Finds out what a boot would come to, without starting the processor.
  ///
  /// Goes through all steps of a boot up to the start, and on where a boot would end with an error.
  /// The platform is prepared, gives memory, and takes it all back.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless offline, or
  ///   ``RemoteprocError/platform(_:)`` when the platform cannot be made ready.
  public mutating func check(
    _ image: some FirmwareFormat, options: BootOptions = BootOptions()
  ) throws(RemoteprocError) -> FirmwareCheck {
    guard state == .offline else { throw .illegalTransition(.check, from: state) }
    let lastBootAddress = bootAddress
    var session = BootSession(options: options, image: image, isCollecting: true)
    defer {
      tearDown(&session)
      bootAddress = lastBootAddress
    }
    let image = try makeReady(image, &session)
    do throws(PlatformError) { try platform.check(bootAddress: image.bootAddress) } catch {
      // An image that could not be placed starts nowhere.
      if !session.faults.explains(image.bootAddress, byteCount: 1) {
        try session.faults.report(.platform(error))
      }
    }
    var check = session.faults.check
    check.notices = session.notices
    return check
  }
}

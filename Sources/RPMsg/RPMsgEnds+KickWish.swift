import SharedMemory
public import Vring

// Publishing in two steps, for who gives back a lock in between.

extension RPMsgDriverTransmitter {
  /// Where the device says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> { ring.kickWish }

  /// As ``publish()``; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication { ring.publishUnfenced() }
}

extension RPMsgDriverReceiver {
  /// Where the device says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> { ring.kickWish }

  /// As ``publish()``; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication {
    if owner.mayHaveDropped { lendDropped() }
    return ring.publishUnfenced()
  }
}

extension RPMsgDeviceTransmitter {
  /// Where the driver says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> { ring.kickWish }

  /// As ``publish()``; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication { ring.publishUnfenced() }
}

extension RPMsgDeviceReceiver {
  /// Where the driver says whether it wants to be kicked.
  public var kickWish: VringKickWish<Memory> { ring.kickWish }

  /// As ``publish()``; ask ``kickWish`` after a fence.
  @inlinable
  public mutating func publishUnfenced() -> VringPublication { ring.publishUnfenced() }
}

public import Vring
public import WireTypes

/// What a resource table says about one vring.
public struct VirtioVringRecord: Equatable, Sendable {
  /// Where the ring lies for the remote; all ones while the host has not placed it.
  public let address: DeviceAddress
  /// Alignment of the used part, in bytes.
  public let alignment: UInt32
  /// Number of descriptors.
  public let queueSize: UInt32
  /// The number by which the ring is kicked.
  public let notifyID: NotifyID

  /// Makes the record of a ring; nothing is checked.
  public init(
    address: DeviceAddress, alignment: UInt32, queueSize: UInt32, notifyID: NotifyID
  ) {
    self.address = address
    self.alignment = alignment
    self.queueSize = queueSize
    self.notifyID = notifyID
  }

  /// Where the parts of the ring lie.
  ///
  /// - Throws: as `VringLayout`.
  public func layout() throws(VringError) -> VringLayout {
    try VringLayout(queueSize: queueSize, alignment: alignment)
  }
}

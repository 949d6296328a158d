public import Vring
public import WireTypes

/// What a booted processor offers to those that live on it.
public struct ProcessorResources: Sendable {
  /// Rings the processor's doorbell; any thread.
  public struct Bell: Doorbell {
    private let body: @Sendable (NotifyID) -> Void

    init(_ doorbell: some Doorbell) { body = { doorbell.kick($0) } }

    /// Tells the remote that the vring `id` has new buffers.
    public func kick(_ id: NotifyID) { body(id) }
  }

  /// Virtio devices in the order of the table.
  public let devices: [Vdev]
  /// Memory with names, in the order of allocation.
  public let carveouts: [Carveout]
  /// Trace buffers in the order of the table.
  public let traces: [TraceBuffer]
  /// The resource table; `nil` when the firmware has none.
  public let table: PublishedTable?
  /// How the remote is told about vrings.
  public let doorbell: Bell
}

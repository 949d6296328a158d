public import Virtio

/// What a family of peers means by what no published text settles.
///
/// The wire formats are the same for all of them; feature bits above 0, the rings that are there
/// without a resource table, and how a peer says that it is up are not. A bit is only ever
/// interpreted by the profile that its user named: NuttX ships bit 1 with another meaning than the
/// proposal for Linux gives it. `Documentation/Compatibility.md` has the sources.
public enum RPMsgProfile: UInt8, Equatable, Sendable {
  /// Linux of 2026, and firmware written for it: the table has all that there is to know.
  case linux
  /// open-amp, and Zephyr on top of it.
  case openAMP
  /// rpmsg-lite: two rings at the start of shared memory, and no word of who is ready.
  case rpmsgLite
  /// NuttX, whose rpmsg adds feature bits of its own.
  case nuttx

  /// What holds where nobody has chosen: no bit beyond the name service means anything.
  public static var standard: Self { .openAMP }

  /// How the two ends learn that they may send.
  public enum LinkUp: Equatable, Sendable {
    /// The driver sets ``/Virtio/VirtioStatus/driverOK`` in the status byte of the resource table.
    case status
    /// The driver kicks the ring that carries messages to it, once: there is no status.
    case firstKick
  }

  /// How the ends learn that they may send.
  public var linkUp: LinkUp { self == .rpmsgLite ? .firstKick : .status }

  /// The feature by which configuration space tells the size of buffers; `nil`: they are fixed.
  ///
  /// The layout of that space is ``linux``'s proposal in its profile alone; NuttX has another.
  public var bufferSizeFeature: VirtioFeatures? {
    switch self {
    case .linux: .linuxBufferSize
    case .nuttx: .nuttxBufferSize
    case .openAMP, .rpmsgLite: nil
    }
  }

  /// Features beyond those of rings and ``/Virtio/VirtioFeatures/nameService`` to which this
  /// profile gives a meaning; a driver accepts no other.
  public var features: VirtioFeatures {
    switch self {
    case .linux: .linuxBufferSize
    case .nuttx: [.nuttxServiceAcknowledgement, .nuttxBufferSize, .nuttxProcessorName]
    case .openAMP, .rpmsgLite: []
    }
  }

  /// Whether the peer kicks when it gives back buffers that we have sent.
  ///
  /// One that does not leaves a sender who waits for a buffer to look by itself.
  public var kicksForConsumedBuffers: Bool { self != .rpmsgLite }

  /// The alignment of the used part of a ring where no table says it, in bytes.
  ///
  /// rpmsg-lite's for parts without Linux; those that talk to Linux have 4096.
  public var ringAlignment: UInt32 { self == .rpmsgLite ? 16 : 4096 }
}

#if !hasFeature(Embedded)
extension RPMsgProfile: CaseIterable, CustomStringConvertible {
  /// The profile that is called `name`; `nil` when there is none.
  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = found
  }

  /// Its name, as a command line takes it.
  public var description: String {
    switch self {
    case .linux: "linux"
    case .openAMP: "open-amp"
    case .rpmsgLite: "rpmsg-lite"
    case .nuttx: "nuttx"
    }
  }
}
#endif

// Feature bits of rpmsg devices that mean something in one profile only.
extension VirtioFeatures {
  /// Linux: configuration space has version, buffer sizes and alignment.
  ///
  /// Source: practice (the proposal of 2026).
  public static var linuxBufferSize: Self { Self(rawValue: 1 << 1) }
  /// NuttX: an announcement is acknowledged.
  public static var nuttxServiceAcknowledgement: Self { Self(rawValue: 1 << 1) }
  /// NuttX: configuration space has the sizes of buffers.
  public static var nuttxBufferSize: Self { Self(rawValue: 1 << 2) }
  /// NuttX: configuration space has the name of the processor.
  public static var nuttxProcessorName: Self { Self(rawValue: 1 << 3) }
}

package import Remoteproc

/// What came of booting an image, in the terms other programs compare.
///
/// The contract is the boot report of the command line: addresses and lengths are strings in
/// hexadecimal, other numbers are numbers.
package struct BootReport: Sendable {
  /// Memory with a name.
  package struct Memory: Equatable, Sendable {
    package var name: String
    package var da: UInt64
    package var pa: UInt64?
    package var byteCount: UInt64
    /// Offset and bytes of each line of 16 that is not all zero; `nil` for a ring in use.
    package var nonzero: [(offset: Int, bytes: [UInt8])]?

    package static func == (lhs: Self, rhs: Self) -> Bool {
      lhs.name == rhs.name && lhs.da == rhs.da && lhs.pa == rhs.pa
        && lhs.byteCount == rhs.byteCount && lhs.nonzero?.count == rhs.nonzero?.count
        && zip(lhs.nonzero ?? [], rhs.nonzero ?? []).allSatisfy { $0 == $1 }
    }
  }

  /// A trace buffer.
  package struct Trace: Equatable, Sendable {
    /// `trace0`, `trace1` and so on.
    package var name: String
    /// The name in the table.
    package var label: String
    package var da: UInt64?
    package var byteCount: UInt64
    /// The text, or `nil` when the host cannot read it.
    package var text: String?
  }

  /// A vring as the remote sees it in the table.
  package struct Ring: Equatable, Sendable {
    package var da: UInt64
    package var count: UInt32
    package var alignment: UInt32
    package var notifyID: UInt32
  }

  /// A virtio device as the remote sees it in the table.
  package struct Device: Equatable, Sendable {
    package var id: UInt32
    package var status: UInt8
    package var offeredFeatures: UInt64
    package var acceptedFeatures: UInt64
    package var rings: [Ring]
  }

  /// Why the image was rejected; `nil` when it runs.
  package var error: RemoteprocError?
  /// The nearest `errno` of Linux; `OK` when it runs.
  package var errnoName = "OK"
  /// Where execution starts; 0 when the boot did not come that far.
  package var bootAddress: UInt64 = 0
  /// The table as the remote sees it after the boot.
  package var table: [UInt8] = []
  package var carveouts: [Memory] = []
  package var traces: [Trace] = []
  package var devices: [Device] = []
  /// Kicks by notify id.
  package var kicks: [(id: UInt32, count: UInt64)] = []
  /// What was odd about the firmware, for people.
  package var notices: [String] = []
  /// The state after the boot.
  package var state = "offline"
  /// The same again after a crash and a recovery, if there were any.
  package var afterCrash: [BootReport] = []
  /// The state after the stop that follows.
  package var stateAfterStop = "offline"

  /// The report of a boot that has not begun.
  package init() {}

  /// `running` or `rejected`.
  package var outcome: String { error == nil ? "running" : "rejected" }
}

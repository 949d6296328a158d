/// A resource that the firmware asked for, as it was granted.
package struct ResourceEvent: Equatable, Sendable {
  /// What was granted.
  package enum Kind: String, Equatable, Sendable {
    case carveout, devmem, trace, vdev, vring, vendor
  }

  /// What was granted.
  package var kind: Kind
  /// Its name; empty when it has none.
  package var name: String
  /// Where the remote sees it.
  package var da: UInt64?
  /// Where the host's bus has it.
  package var pa: UInt64?
  /// Bytes.
  package var byteCount: UInt64?
  /// Further numbers, by name.
  package var details: [JSONValue.Field] = []

  /// Makes a resource event.
  package init(
    _ kind: Kind, name: String, da: UInt64? = nil, pa: UInt64? = nil, byteCount: UInt64? = nil,
    details: [JSONValue.Field] = []
  ) {
    self.kind = kind
    self.name = name
    self.da = da
    self.pa = pa
    self.byteCount = byteCount
    self.details = details
  }
}

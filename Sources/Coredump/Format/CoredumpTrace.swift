public import WireTypes

/// A trace buffer in a dump.
///
/// | Offset | Bytes | Field  |
/// |-------:|------:|--------|
/// |      0 |     8 | `da`; all ones when unknown |
/// |      8 |    32 | `name` |
/// |     40 |       | `text` |
public struct CoredumpTrace: Equatable, Sendable {
  private static let headByteCount = 40

  /// The name the firmware gave it.
  public var name: WireName
  /// Where the remote sees it; `nil` when the firmware did not say.
  public var da: DeviceAddress?
  /// The text as the remote wrote it, or its last part.
  public var text: [UInt8]

  /// Makes a trace.
  public init(name: WireName, da: DeviceAddress?, text: [UInt8]) {
    self.name = name
    self.da = da
    self.text = text
  }

  /// The trace as a note.
  public var note: CoredumpNote {
    var bytes = LittleEndianBytes()
    bytes.add(da?.rawValue ?? .max)
    bytes.add(name.terminated.bytes, paddedTo: 32)
    bytes.add(text, paddedTo: text.count)
    return CoredumpNote(.trace, bytes.bytes)
  }

  /// The trace in `note`, or `nil` when it is no such note or too short for one.
  public init?(_ note: CoredumpNote) {
    guard note.kind == .trace, note.bytes.count >= Self.headByteCount else { return nil }
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let raw = unsafe note.bytes.span.bytes
    let address: UInt64 = raw.littleEndian(at: 0)
    da = address == .max ? nil : DeviceAddress(rawValue: address)
    name = WireName(decoding: raw, at: 8).terminated
    text = Array(note.bytes[Self.headByteCount...])
  }
}

/// The resource table in a dump: 8 bytes of address, then the bytes of the table.
public struct CoredumpTable: Equatable, Sendable {
  /// Where the image wanted it.
  public var da: DeviceAddress
  /// Its bytes as the remote saw them.
  public var bytes: [UInt8]

  /// Makes a table.
  public init(da: DeviceAddress, bytes: [UInt8]) {
    self.da = da
    self.bytes = bytes
  }

  /// The table as a note.
  public var note: CoredumpNote {
    var target = LittleEndianBytes()
    target.add(da.rawValue)
    target.add(bytes, paddedTo: bytes.count)
    return CoredumpNote(.table, target.bytes)
  }

  /// The table in `note`, or `nil` when it is no such note or too short for one.
  public init?(_ note: CoredumpNote) {
    guard note.kind == .table, note.bytes.count >= 8 else { return nil }
    // SAFETY: bytes have no padding, so viewing them as raw bytes reads initialised memory only.
    let raw = unsafe note.bytes.span.bytes
    da = DeviceAddress(rawValue: raw.littleEndian(at: 0))
    bytes = Array(note.bytes[8...])
  }
}

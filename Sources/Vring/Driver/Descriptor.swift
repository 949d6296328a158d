public import WireTypes

/// One entry of the descriptor table, as two little-endian words.
///
/// | Offset | Bytes | Field       |
/// |-------:|------:|-------------|
/// |      0 |     8 | `address`   |
/// |      8 |     4 | `byteCount` |
/// |     12 |     2 | `flags`     |
/// |     14 |     2 | `next`      |
///
/// Source: [VIRTIO-1.2] §2.7.5.
@frozen
@usableFromInline
struct Descriptor: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline var address: UInt64 = 0
  /// All but the address.
  @usableFromInline var rest: UInt64 = 0

  @inlinable
  init() {}

  @inlinable
  init(address: DeviceAddress, byteCount: UInt32, flags: UInt16, next: UInt16 = 0) {
    self.address = address.rawValue
    rest = UInt64(byteCount) | UInt64(flags) &<< 32 | UInt64(next) &<< 48
  }

  @inlinable var byteCount: UInt32 { UInt32(truncatingIfNeeded: rest) }
  @inlinable var flags: UInt16 { UInt16(truncatingIfNeeded: rest &>> 32) }
  @inlinable var next: UInt16 { UInt16(truncatingIfNeeded: rest &>> 48) }
}

/// Who has a descriptor, and since when: one word, so that it changes in one store.
@frozen
@usableFromInline
struct DescriptorHolder: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline let rawValue: UInt32

  @inlinable
  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Nobody.
  @inlinable static var free: Self { Self(rawValue: 0) }
  /// The chain that it continues, wherever that is.
  @inlinable static var chain: Self { Self(rawValue: 2) }
  /// Our caller.
  @inlinable static var caller: Self { Self(rawValue: 1) }
  /// The device, or it will from the next `publish` on; `position` is the available index of the
  /// entry that names the descriptor.
  @inlinable
  static func device(position: UInt16) -> Self { Self(rawValue: 0x1_0000 | UInt32(position)) }

  @inlinable var isDevice: Bool { rawValue >= 0x1_0000 }
  @inlinable var position: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}

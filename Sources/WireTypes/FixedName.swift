/// A name in a wire structure: `capacity` bytes, ended by the first NUL if there is one.
///
/// The bytes come from the other side and may be anything; ``bytes`` stops at the first NUL.
/// Nothing here interprets them as text except ``description``, which escapes.
@frozen
public struct FixedName<let capacity: Int>: Sendable {
  /// All bytes of the field, those after the first NUL included.
  public var storage: InlineArray<capacity, UInt8>

  /// An empty name.
  @inlinable
  public init() { storage = InlineArray(repeating: 0) }

  /// The name in the `capacity` bytes at `offset` of `span`.
  ///
  /// - Precondition: `offset + capacity <= span.byteCount`.
  @inlinable
  public init(decoding span: RawSpan, at offset: Int) {
    storage = InlineArray(repeating: 0)
    for index in 0..<capacity { storage[index] = span.littleEndian(at: offset + index) }
  }

  /// The UTF-8 bytes of `text`, cut to `capacity - 1` bytes so that a NUL always follows.
  @inlinable
  public init(_ text: StaticString) {
    storage = InlineArray(repeating: 0)
    let count = text.utf8CodeUnitCount
    for index in 0..<(count < capacity ? count : capacity - 1) {
      // SAFETY: `index` is below the number of code units of a static string.
      storage[index] = unsafe text.utf8Start[index]
    }
  }

  /// Bytes before the first NUL; `capacity` when there is none.
  @inlinable
  public var byteCount: Int {
    for index in 0..<capacity where storage[index] == 0 { return index }
    return capacity
  }

  /// Whether a NUL ends the name inside the field.
  @inlinable
  public var isTerminated: Bool { byteCount < capacity }

  /// Whether the first byte ends the name.
  @inlinable
  public var isEmpty: Bool { byteCount == 0 }

  /// The same name with its last byte forced to NUL.
  @inlinable
  public var terminated: Self {
    var copy = self
    copy.storage[capacity - 1] = 0
    return copy
  }

  /// Writes the whole field at `offset` of `span`.
  ///
  /// - Precondition: `offset + capacity <= span.byteCount`.
  @inlinable
  public func encode(into span: inout MutableRawSpan, at offset: Int) {
    for index in 0..<capacity { span.storeLittleEndian(storage[index], at: offset + index) }
  }
}

extension FixedName: Equatable {
  /// Whether both names have the same bytes before their first NUL.
  @inlinable
  public static func == (lhs: Self, rhs: Self) -> Bool {
    for index in 0..<capacity {
      if lhs.storage[index] != rhs.storage[index] { return false }
      if lhs.storage[index] == 0 { return true }
    }
    return true
  }
}

/// A name as resource tables of version 1 and the name service carry it.
public typealias WireName = FixedName<32>

#if !hasFeature(Embedded)
extension FixedName: Hashable, CustomStringConvertible {
  /// Hashes the bytes before the first NUL.
  public func hash(into hasher: inout Hasher) {
    for index in 0..<byteCount { hasher.combine(storage[index]) }
  }

  /// The UTF-8 bytes of `text`, cut to `capacity - 1` bytes so that a NUL always follows.
  public init(_ text: String) {
    self.init()
    for (index, byte) in text.utf8.prefix(capacity - 1).enumerated() { storage[index] = byte }
  }

  /// The bytes before the first NUL.
  public var bytes: [UInt8] { (0..<byteCount).map { storage[$0] } }

  /// The name for people: printable ASCII as it is, any other byte as `\xNN`.
  public var description: String {
    bytes.map { byte in
      if byte == UInt8(ascii: "\\") { return "\\\\" }
      if (0x20..<0x7f).contains(byte) { return String(UnicodeScalar(byte)) }
      return (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
    }.joined()
  }
}
#endif

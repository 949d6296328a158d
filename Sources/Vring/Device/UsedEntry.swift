/// An entry of the used ring as the device has written it.
@frozen
@usableFromInline
struct UsedEntry: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline let id: UInt32
  @usableFromInline let byteCount: UInt32

  @inlinable
  init(id: UInt32 = 0, byteCount: UInt32 = 0) {
    self.id = id
    self.byteCount = byteCount
  }
}

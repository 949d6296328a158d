import WireTypes

// Rules about single entries that are not structural: Linux does not enforce all of them.
extension ResourceTableEntry {
  /// Checks that the memory the entry asks for or announces is not empty and ends inside the
  /// address space: 2^32 bytes in version 1, 2^64 in version 0.
  ///
  /// - Throws: ``ResourceTableError/emptyResource(offset:)`` or
  ///   ``ResourceTableError/addressWrap(offset:start:byteCount:last:)``.
  public func checkExtent(version: ResourceTableVersion) throws(ResourceTableError) {
    let fields = MemoryFields(of: self, version: version)
    switch resource {
    case .carveout(let memory):
      try check(memory.da, memory.byteCount, fields.da, fields.byteCount)
    case .devmem(let memory):
      try check(memory.da, memory.byteCount, fields.da, fields.byteCount)
      let pa = DeviceAddress(rawValue: memory.pa.rawValue)
      try check(pa, memory.byteCount, fields.pa, fields.byteCount)
    case .trace(let trace):
      let size = ResourceTableField(
        offset: version == .v0 ? fields.byteCount.offset : offset + 8, byteCount: 4)
      try check(trace.da, trace.byteCount, fields.da, size)
    default: break
    }
  }

  private func check(
    _ start: DeviceAddress?, _ byteCount: UInt32, _ address: ResourceTableField,
    _ size: ResourceTableField
  ) throws(ResourceTableError) {
    guard byteCount > 0 else { throw .emptyResource(offset: size.offset) }
    guard let start else { return }
    let last: UInt64 = address.byteCount == 8 ? .max : UInt64(UInt32.max)
    guard start.rawValue <= last, UInt64(byteCount) - 1 <= last - start.rawValue else {
      throw .addressWrap(
        offset: address.offset, start: start.rawValue, byteCount: UInt64(byteCount), last: last)
    }
  }

  /// Checks that a virtio device has as many vrings as its driver can use.
  ///
  /// - Throws: ``ResourceTableError/unsupportedVringCount(offset:count:allowed:)``.
  public func checkVringCount(_ allowed: ClosedRange<Int>) throws(ResourceTableError) {
    guard case .vdev(let vdev) = resource, !allowed.contains(Int(vdev.vringCount)) else { return }
    throw .unsupportedVringCount(
      offset: offset + 25, count: Int(vdev.vringCount), allowed: allowed)
  }
}

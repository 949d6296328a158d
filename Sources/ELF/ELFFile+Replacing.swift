extension ELFFile {
  /// The file with other contents of one section, which keeps its place.
  ///
  /// The section shrinks to `contents`, in its header too; bytes it gives up become zero. Nothing
  /// moves, as a linker has put the addresses of all that follows into code.
  ///
  /// - Throws: ``ELFError/sectionTooSmall(header:needed:available:)``,
  ///   ``ELFError/sectionWithoutBytes(header:)`` or
  ///   ``ELFError/sectionOutOfFile(header:offset:byteCount:fileByteCount:)``.
  public func replacing(
    _ section: ELFSection, with contents: [UInt8]
  ) throws(ELFError) -> [UInt8] {
    let old = try self.bytes(of: section)
    guard contents.count <= old.count else {
      throw .sectionTooSmall(
        header: section.headerOffset, needed: contents.count, available: old.count)
    }
    var file = bytes
    let rest = [UInt8](repeating: 0, count: old.count - contents.count)
    file.replaceSubrange(old.indices, with: contents + rest)
    let (offset, byteCount) =
      elfClass == .elf32 ? (section.headerOffset + 20, 4) : (section.headerOffset + 32, 8)
    // Not larger than what the field held before.
    let size = UInt64(contents.count)
    for index in 0..<byteCount {
      file[offset + index] = UInt8(truncatingIfNeeded: size >> UInt64(8 * index))
    }
    return file
  }
}

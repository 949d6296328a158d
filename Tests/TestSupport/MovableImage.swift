/// A position-independent ELF image to be made for a test: one segment that is loaded, and a dynamic
/// table that names tables inside it.
public struct MovableImage: Sendable {
  /// Everything but the memory and the dynamic table.
  public var image: ELFImage
  /// Where the memory is linked to.
  public var base: UInt64
  /// The bytes of the segment.
  public var memory: [UInt8]
  /// The entries of the dynamic table; the one that ends it is added.
  public var dynamic: [(tag: UInt64, value: UInt64)] = []

  /// Where the resource table is in the memory, and how long it is.
  public var table: (address: UInt64, byteCount: Int)?

  /// Makes an image of `byteCount` bytes of memory for RISC-V, with its entry at the base.
  public init(is64: Bool = false, base: UInt64 = 0x1000, byteCount: Int = 0x400) {
    image = ELFImage(is64: is64)
    image.type = 3
    image.entry = base
    self.base = base
    memory = [UInt8](repeating: 0, count: byteCount)
  }

  /// Bytes of an address.
  public var wordByteCount: Int { image.is64 ? 8 : 4 }

  /// Writes a resource table at `address`.
  public mutating func storeTable(_ bytes: [UInt8], at address: UInt64) {
    memory.replaceSubrange(Int(address - base)..<(Int(address - base) + bytes.count), with: bytes)
    table = (address, bytes.count)
  }

  /// Writes an address, or any number as wide, at `address`.
  public mutating func store(_ value: UInt64, at address: UInt64) {
    for index in 0..<wordByteCount {
      memory[Int(address - base) + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  /// The address, or number as wide, at `address` of `bytes`, which begin at the base.
  public func word(at address: UInt64, in bytes: some Collection<UInt8>) -> UInt64 {
    let part = bytes.dropFirst(Int(address - base)).prefix(wordByteCount)
    return part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// `r_info` of a symbol and a type.
  public func info(type: UInt64, symbol: UInt64 = 0) -> UInt64 {
    image.is64 ? symbol << 32 | type : symbol << 8 | type
  }

  /// Writes relocations at `address` and tells of them in the dynamic table.
  ///
  /// Those without an addend are of the form that keeps it in the place itself.
  public mutating func addRelocations(
    _ relocations: [(address: UInt64, type: UInt64, symbol: UInt64, addend: UInt64?)],
    at address: UInt64
  ) {
    let isExplicit = relocations.contains { $0.addend != nil }
    var position = address
    for relocation in relocations {
      store(relocation.address, at: position)
      let size = UInt64(wordByteCount)
      store(info(type: relocation.type, symbol: relocation.symbol), at: position + size)
      if let addend = relocation.addend { store(addend, at: position + 2 * size) }
      position += isExplicit ? 3 * size : 2 * size
    }
    dynamic += [
      (isExplicit ? 7 : 17, address), (isExplicit ? 8 : 18, position - address),
      (isExplicit ? 9 : 19, UInt64(wordByteCount * (isExplicit ? 3 : 2))),
    ]
  }

  /// Writes packed relocations at `address` and tells of them in the dynamic table.
  public mutating func addPacked(_ words: [UInt64], at address: UInt64) {
    for (index, word) in words.enumerated() {
      store(word, at: address + UInt64(index * wordByteCount))
    }
    dynamic += [
      (36, address), (35, UInt64(words.count * wordByteCount)), (37, UInt64(wordByteCount)),
    ]
  }

  /// Writes symbol `index` of a table at `address`; the dynamic table must be told of it.
  public mutating func storeSymbol(
    _ index: UInt64, value: UInt64, section: UInt16 = 1, kind: UInt8 = 1, table address: UInt64
  ) {
    let start = Int(address - base) + Int(index) * (image.is64 ? 24 : 16)
    store(value, at: address + index * (image.is64 ? 24 : 16) + UInt64(image.is64 ? 8 : 4))
    memory[start + (image.is64 ? 4 : 12)] = kind
    memory.patch(section, at: start + (image.is64 ? 6 : 14))
  }

  /// The bytes of the file.
  public func build() -> [UInt8] {
    var image = image
    var loaded = ELFImage.Segment(address: base, bytes: memory)
    loaded.flags = 7
    loaded.alignment = 4096
    var table = ELFImage.Segment(address: 0, bytes: [])
    table.type = 2
    for entry in dynamic + [(0, 0)] {
      for value in [entry.tag, entry.value] {
        for index in 0..<wordByteCount {
          table.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
      }
    }
    if let place = self.table {
      let start = Int(place.address - base)
      var section = ELFImage.Section(
        name: ".resource_table", address: place.address,
        bytes: Array(memory[start..<(start + place.byteCount)]))
      section.offset = memoryOffset + start
      image.sections.append(section)
    }
    image.segments = [loaded] + image.segments + [table]
    return image.build()
  }

  /// Where the memory begins in the file.
  public var memoryOffset: Int {
    (image.is64 ? 64 : 52) + (image.is64 ? 56 : 32) * (image.segments.count + 2)
  }
}

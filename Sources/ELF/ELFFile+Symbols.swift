public import WireTypes

extension ELFFile {
  /// The entries of the first symbol table and the strings they name.
  private struct Symbols {
    let entries: Range<Int>
    let names: StringTable
  }

  /// The first symbol of this name that has an address, or `nil`.
  ///
  /// - Throws: ``ELFError`` when the symbol table, its string table, or a name met on the way
  ///   cannot be read.
  public func symbol(named name: String) throws(ELFError) -> ELFSymbol? {
    guard let symbols = try symbols() else { return nil }
    for offset in stride(from: symbols.entries, by: elfClass.symbolByteCount) {
      let record = ELFSymbolRecord(decoding: bytes, at: offset, class: elfClass)
      guard record.hasAddress else { continue }
      let isNamed = try string(
        record.nameOffset, in: symbols.names, header: offset, equals: name)
      if isNamed { return try symbol(record, in: symbols) }
    }
    return nil
  }

  /// The symbol with the highest address that is not above `address`, or `nil`.
  ///
  /// Among symbols of one address a function is preferred, then a variable. Symbols without a name
  /// and those that only mark code and data (`$a`, `$t`, `$d`, `$x`), or a place for the assembler
  /// (`.L`), do not count.
  ///
  /// - Throws: ``ELFError`` when the symbol table, its string table, or the symbol's name cannot
  ///   be read.
  public func symbol(nearestBelow address: DeviceAddress) throws(ELFError) -> ELFSymbol? {
    guard let symbols = try symbols() else { return nil }
    var best: ELFSymbolRecord?
    for offset in stride(from: symbols.entries, by: elfClass.symbolByteCount) {
      let record = ELFSymbolRecord(decoding: bytes, at: offset, class: elfClass)
      guard record.hasAddress, self.address(of: record) <= address, isNamed(record, in: symbols)
      else { continue }
      if let best, rank(record) <= rank(best) { continue }
      best = record
    }
    guard let best else { return nil }
    return try symbol(best, in: symbols)
  }

  /// The order among candidates: higher addresses first, then functions, variables, others.
  private func rank(_ record: ELFSymbolRecord) -> (UInt64, UInt8) {
    (address(of: record).rawValue, record.kind.rawValue)
  }

  private func isNamed(_ record: ELFSymbolRecord, in symbols: Symbols) -> Bool {
    let name = bytes[symbols.names.range].dropFirst(Int(record.nameOffset)).prefix(3)
    guard let first = name.first, first != 0, !name.starts(with: ".L".utf8) else { return false }
    guard first == UInt8(ascii: "$"), name.count == 3 else { return true }
    // Swift's own names begin with a dollar sign too. After a mark comes nothing, a dot, or the
    // instruction set of RISC-V. Source: practice (the ELF supplements of Arm and RISC-V).
    let isMark = "adtx".utf8.contains(name[name.startIndex + 1])
    return !isMark
      || ![0, UInt8(ascii: "."), UInt8(ascii: "r")].contains(name[name.startIndex + 2])
  }

  private func address(of record: ELFSymbolRecord) -> DeviceAddress {
    let isThumb = machine == .arm && record.kind == .function
    return DeviceAddress(rawValue: isThumb ? record.value & ~1 : record.value)
  }

  private func symbol(
    _ record: ELFSymbolRecord, in symbols: Symbols
  ) throws(ELFError) -> ELFSymbol {
    ELFSymbol(
      name: try string(record.nameOffset, in: symbols.names, header: record.offset),
      kind: record.kind, address: address(of: record), byteCount: record.byteCount)
  }

  private func symbols() throws(ELFError) -> Symbols? {
    for index in 0..<sectionCount {
      let section = try section(at: index)
      guard section.type == .symbolTable else { continue }
      let content = try bytes(of: section)
      let linkOffset = section.headerOffset + (elfClass == .elf32 ? 24 : 40)
      let names = try stringTable(
        at: Int(section.link), named: linkOffset)
      return Symbols(entries: content.startIndex..<content.endIndex, names: names)
    }
    return nil
  }

  /// The start of each whole entry in `range`.
  private func stride(from range: Range<Int>, by size: Int) -> StrideTo<Int> {
    let whole = range.count / size * size
    return Swift.stride(from: range.lowerBound, to: range.lowerBound + whole, by: size)
  }
}

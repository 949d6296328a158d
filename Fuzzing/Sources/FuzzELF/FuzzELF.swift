import ELF
import WireTypes

/// Reads all that can be read of an image; only a trap, a hang or a stray access is a finding.
@c(LLVMFuzzerTestOneInput)
public func fuzzELF(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  do throws(ELFError) {
    let file = try ELFFile(parsing: bytes)
    readSegments(of: file)
    readSections(of: file)
    readSymbols(of: file)
  } catch {
    precondition(!error.description.isEmpty)
  }
  return 0
}

private func attempt(_ body: () throws(ELFError) -> Void) {
  // Making the text of each error would take most of the time; unit tests look at the texts.
  do throws(ELFError) { try body() } catch {}
}

private func readSegments(of file: ELFFile) {
  attempt { () throws(ELFError) in try file.checkIdentification() }
  attempt { () throws(ELFError) in try file.checkMachine(.riscv) }
  attempt { () throws(ELFError) in try file.checkHasSegments() }
  attempt { () throws(ELFError) in try file.checkSectionTableOffset() }
  attempt { () throws(ELFError) in try file.checkOverlap() }
  attempt { () throws(ELFError) in try file.checkEntry() }
  for segment in file.segments {
    attempt { () throws(ELFError) in
      let bytes = try file.bytes(of: segment)
      precondition(UInt64(bytes.count) == segment.fileByteCount)
    }
    attempt { () throws(ELFError) in try file.checkExtent(of: segment) }
  }
}

private func readSections(of file: ELFFile) {
  for strictness in [ELFStrictness.specification, .memorySafe] {
    attempt { () throws(ELFError) in
      let name = ".resource_table"
      guard let section = try file.section(named: name, strictness: strictness) else { return }
      let bytes = try file.bytes(of: section, strictness: strictness)
      precondition(UInt64(bytes.count) == section.byteCount)
      if strictness == .specification {
        let read = try file.name(of: section)
        precondition(read == name)
      }
    }
  }
  for index in 0..<min(file.sectionCount, 64) {
    attempt { () throws(ELFError) in
      let section = try file.section(at: index)
      attempt { () throws(ELFError) in _ = try file.bytes(of: section).count }
      _ = try file.name(of: section)
    }
  }
}

private func readSymbols(of file: ELFFile) {
  attempt { () throws(ELFError) in
    let symbol = try file.symbol(named: "main")
    precondition(symbol == nil || symbol?.name == "main")
  }
  attempt { () throws(ELFError) in
    let symbol = try file.symbol(nearestBelow: file.entry)
    precondition(symbol.map { $0.address <= file.entry } ?? true)
  }
}

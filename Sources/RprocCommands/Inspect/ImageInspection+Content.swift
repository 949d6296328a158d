import ELF
import IntelHex
import Remoteproc
import WireTypes

extension ImageInspection.Content {
  /// A piece of memory of a format without headers.
  struct Piece {
    /// Where the file describes it.
    let offset: Int
    let address: DeviceAddress
    let byteCount: Int
  }

  /// Whether it is an ELF file.
  var isELF: Bool { if case .elf = self { true } else { false } }

  /// The name of the format.
  var formatName: String {
    switch self {
    case .elf(let elf): elf.elfClass == .elf32 ? "ELF32" : "ELF64"
    case .binary: "bin"
    case .hex: "hex"
    }
  }

  /// The machine it is for, if it says so.
  var machineName: String? { if case .elf(let elf) = self { "\(elf.machine)" } else { nil } }

  /// What kind of object it is, if it says so.
  var typeName: String? { if case .elf(let elf) = self { "\(elf.type)" } else { nil } }

  /// Where execution starts, if anybody says so.
  var entry: DeviceAddress? {
    switch self {
    case .elf(let elf): elf.entry
    case .binary(let firmware): firmware.bootAddress
    case .hex(_, let entry): entry
    }
  }

  /// The pieces of memory of a format without headers.
  var pieces: [Piece] {
    switch self {
    case .elf: []
    case .binary(let firmware):
      [Piece(offset: 0, address: firmware.loadAddress, byteCount: firmware.bytes.count)]
    case .hex(let file, _):
      file.segments.map {
        Piece(offset: $0.recordOffset, address: $0.address, byteCount: $0.byteCount)
      }
    }
  }
}

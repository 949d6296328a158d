import Foundation
import WireTypes

extension Board {
  /// The largest board file that is read, in bytes.
  public static let maxFileByteCount = 65_536

  /// The names of the boards that come with the package.
  public static let builtInNames = builtIn.map(\.name)

  /// The files of the built-in boards, which are part of the program: it needs none beside it.
  private static let builtIn = [
    (name: "virt-rv32", yaml: PackageResources.virt_rv32_yaml),
    (name: "virt-rv32-mmu", yaml: PackageResources.virt_rv32_mmu_yaml),
    (name: "virt-cm4", yaml: PackageResources.virt_cm4_yaml),
    (name: "process", yaml: PackageResources.process_yaml),
    (name: "null", yaml: PackageResources.null_yaml),
  ]

  /// Reads the board description `yaml`; `fileName` appears in errors only.
  ///
  /// - Throws: ``BoardError``, with the line of what is wrong.
  public init(yaml: String, fileName: String) throws(BoardError) {
    guard yaml.utf8.count <= Self.maxFileByteCount else {
      throw .tooLarge(byteCount: yaml.utf8.count, fileName: fileName)
    }
    let document = try YAMLDocument.node(yaml, of: "board", fileName: fileName)
    var reader = try BoardReader(document, fileName: fileName)
    self = try reader.board()
  }

  /// Reads the board file at `path`.
  ///
  /// - Throws: ``BoardError/notReadable(fileName:errno:)``, or what ``init(yaml:fileName:)`` finds.
  public init(path: String) throws(BoardError) {
    try self.init(
      yaml: Self.text(of: URL(fileURLWithPath: path), fileName: path), fileName: path)
  }

  /// The built-in board `name`.
  ///
  /// - Throws: ``BoardError/unknownBoard(name:)`` unless it is one of ``builtInNames``.
  public static func named(_ name: String) throws(BoardError) -> Board {
    guard let file = builtIn.first(where: { $0.name == name }) else {
      throw .unknownBoard(name: name)
    }
    return try Board(
      yaml: String(decoding: file.yaml, as: UTF8.self), fileName: "\(name).yaml")
  }

  private static func text(of file: URL, fileName: String) throws(BoardError) -> String {
    let handle: FileHandle
    do { handle = try FileHandle(forReadingFrom: file) } catch {
      throw .notReadable(fileName: fileName, errno: errnoOf(error))
    }
    defer { handle.closeFile() }
    do {
      // One byte more than allowed, so that a file that is too large is seen without reading it.
      let bytes = try handle.read(upToCount: maxFileByteCount + 1) ?? Data()
      guard bytes.count <= maxFileByteCount else {
        return String(repeating: " ", count: bytes.count)
      }
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      throw .notReadable(fileName: fileName, errno: errnoOf(error))
    }
  }

  private static func errnoOf(_ error: any Error) -> Int32 {
    let error = error as NSError
    if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
    let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError
    return Int32(truncatingIfNeeded: underlying?.code ?? Int(ENOENT))
  }
}

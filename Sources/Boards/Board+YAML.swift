import Foundation
import WireTypes
import Yams

extension Board {
  /// The largest board file that is read, in bytes.
  public static let maxFileByteCount = 65_536

  /// The names of the boards that come with the package.
  public static let builtInNames = builtIn.map(\.name)

  /// The files of the built-in boards, which are part of the program: it needs none beside it.
  private static let builtIn = [
    (name: "virt-rv32", yaml: PackageResources.virt_rv32_yaml),
    (name: "virt-rv32-mmu", yaml: PackageResources.virt_rv32_mmu_yaml),
    (name: "null", yaml: PackageResources.null_yaml),
  ]

  /// Reads the board description `yaml`; `fileName` appears in errors only.
  ///
  /// - Throws: ``BoardError``, with the line of what is wrong.
  public init(yaml: String, fileName: String) throws(BoardError) {
    guard yaml.utf8.count <= Self.maxFileByteCount else {
      throw .tooLarge(byteCount: yaml.utf8.count, fileName: fileName)
    }
    var reader = try BoardReader(Self.document(yaml, fileName: fileName), fileName: fileName)
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

  private static func document(_ yaml: String, fileName: String) throws(BoardError) -> Node {
    let start = BoardLocation(fileName: fileName, line: 1)
    try refuseReferences(yaml, fileName: fileName)
    do {
      guard let node = try Yams.compose(yaml: yaml) else {
        throw BoardError.wrongShape(key: "board", expected: .mapping, at: start)
      }
      return node
    } catch let error as BoardError {
      throw error
    } catch let error as YamlError {
      throw syntaxError(error, fileName: fileName)
    } catch {
      throw .syntax(problem: "not YAML", at: start)
    }
  }

  // Anchors and aliases have no use here, and a few lines of them expand without bound.
  private static func refuseReferences(_ yaml: String, fileName: String) throws(BoardError) {
    for (index, line) in yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where line.prefix(while: { $0 != "#" }).contains(where: { $0 == "&" || $0 == "*" }) {
      throw .syntax(
        problem: "anchors and aliases are not used in board files",
        at: BoardLocation(fileName: fileName, line: index + 1))
    }
  }

  private static func syntaxError(_ error: YamlError, fileName: String) -> BoardError {
    func at(_ line: Int) -> BoardLocation { BoardLocation(fileName: fileName, line: line) }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return .syntax(problem: problem, at: at(mark.line))
    case .duplicatedKeysInMapping(let duplicates, let context):
      return .duplicateKey(duplicates.first ?? "", at: at(context.mark.line))
    default:
      return .syntax(problem: "not YAML", at: at(1))
    }
  }
}

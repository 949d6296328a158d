package import Yams

/// A YAML text as nodes, without anchors and aliases.
package enum YAMLDocument {
  /// The nodes of `text`, which describes a `subject`; `fileName` appears in errors only.
  ///
  /// - Throws: ``BoardError/syntax(problem:at:)``, ``BoardError/duplicateKey(_:at:)`` or
  ///   ``BoardError/wrongShape(key:expected:at:)`` when there is nothing.
  package static func node(
    _ text: String, of subject: String, fileName: String
  ) throws(BoardError) -> Node {
    let start = BoardLocation(fileName: fileName, line: 1)
    try refuseReferences(text, of: subject, fileName: fileName)
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw BoardError.wrongShape(key: subject, expected: .mapping, at: start)
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
  private static func refuseReferences(
    _ text: String, of subject: String, fileName: String
  ) throws(BoardError) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where hasReference(line) {
      throw .syntax(
        problem: "anchors and aliases are not used in \(subject) files",
        at: BoardLocation(fileName: fileName, line: index + 1))
    }
  }

  /// Whether a line has an ampersand or an asterisk outside of double quotes and comments.
  ///
  /// Text in double quotes that goes on over several lines counts as none. A quote inside of plain
  /// text begins nothing, so that no reference can hide behind it.
  private static func hasReference(_ line: Substring) -> Bool {
    var isQuoted = false
    var isEscaped = false
    var mayBegin = true
    for byte in line.utf8 {
      if isEscaped {
        isEscaped = false
      } else if isQuoted {
        if byte == UInt8(ascii: "\\") { isEscaped = true }
        if byte == UInt8(ascii: "\"") { isQuoted = false }
      } else {
        switch byte {
        case UInt8(ascii: "\"") where mayBegin: isQuoted = true
        case UInt8(ascii: "#"): return false
        case UInt8(ascii: "&"), UInt8(ascii: "*"): return true
        default: break
        }
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"):
          mayBegin = true
        case UInt8(ascii: " "), UInt8(ascii: "-"): break
        default: mayBegin = false
        }
      }
    }
    return false
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

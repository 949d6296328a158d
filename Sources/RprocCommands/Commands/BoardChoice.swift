import Boards

/// The board that the user named: a built-in one, or a YAML file.
struct BoardChoice {
  /// The board.
  let board: Board

  /// Finds the board `name`; anything with a slash or a YAML suffix is a path.
  ///
  /// - Throws: ``Failure`` with the status of a usage error.
  init(_ name: String) throws(Failure) {
    do throws(BoardError) {
      let isPath = name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
      board = isPath ? try Board(path: name) : try Board.named(name)
    } catch {
      throw Failure(error, status: .usage)
    }
  }
}

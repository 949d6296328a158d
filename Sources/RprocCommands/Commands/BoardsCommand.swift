import ArgumentParser
import Boards

/// `rproc boards`: the boards that come with the package, or one as YAML.
struct BoardsCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boards",
    abstract: "Lists the boards, or prints one as YAML.",
    discussion: """
      A board is data: memory, devices, and what firmware may ask for. Print one,
      change it, and give the file to --board.

      EXAMPLES
        rproc boards
        rproc boards virt-rv32 > my-board.yaml
      """)

  @Argument(help: "A built-in board, or a YAML file to be checked and printed.")
  var name: String?

  @Flag(help: "One JSON object for each board.")
  var json = false

  var wantsJSON: Bool { json }

  func validate() throws {
    if json && name != nil { throw ValidationError("--json lists the boards; it takes no name") }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    if let name {
      context.output.write(try BoardChoice(name).board.yaml)
      return .done
    }
    let boards = try Board.builtInNames.map { try BoardChoice($0).board }
    if json {
      for board in boards { context.output.line(BoardText.json(board).text) }
    } else {
      for line in Columns.table(boards.map(BoardText.row)) { context.output.line(line) }
    }
    return .done
  }
}

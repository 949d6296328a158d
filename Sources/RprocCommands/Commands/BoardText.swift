import Boards
import WireTypes

/// A board in one line.
enum BoardText {
  /// Name, core, memory and devices, as cells of a table.
  static func row(_ board: Board) -> [String] {
    let memory = board.memory.map { region in
      let place = region.da?.description ?? "pa \(region.pa)"
      return "\(region.name) \(Decimals.size(region.byteCount)) at \(place)"
    }
    let devices = board.devices.map { "\($0.kind.rawValue) at \($0.da)" }
    return [board.name, core(board), (memory + devices).joined(separator: ", ")]
  }

  /// The same for programs.
  static func json(_ board: Board) -> JSONValue {
    .object([
      JSONValue.Field("name", .string(board.name)),
      JSONValue.Field("core", board.core.map { .string($0.isa.rawValue) } ?? .null),
      JSONValue.Field("cores", .count(board.core?.count ?? 0)),
      JSONValue.Field(
        "memory",
        .array(
          board.memory.map { region in
            .object([
              JSONValue.Field("name", .string(region.name)),
              JSONValue.Field("da", region.da.map { .address($0.rawValue) } ?? .null),
              JSONValue.Field("pa", .address(region.pa.rawValue)),
              JSONValue.Field("len", .unsigned(region.byteCount)),
            ])
          })),
    ])
  }

  private static func core(_ board: Board) -> String {
    guard let core = board.core else { return "no core" }
    return core.count == 1 ? core.isa.rawValue : "\(core.count) x \(core.isa.rawValue)"
  }
}

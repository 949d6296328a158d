import ArgumentParser
import FirmwareFiles
import ResourceTable

/// `rproc table convert`: the same requests in the other version.
struct TableConvertCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Says what a resource table says in the other version.",
    discussion: """
      What the other version cannot express is an error that names it: with 65,
      and without a file. Names of devices and rings, and numbers of records, which
      only version 0 has, are left out.

      EXAMPLES
        rproc table convert old.elf --to 1 -o table.bin
        rproc table convert table.bin --to 0 -o old.bin
      """)

  @Argument(help: "An ELF image, or a file that is a table.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("The version to be made.", valueName: "0|1"))
  var to: TableVersionArgument

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Where the table is written.", valueName: "file"), completion: .file())
  var output: String

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  var wantsJSON: Bool { false }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let reader = try TableFile(ImageFile.forCommand(file)).reader(tableVersion?.version)
    let bytes: [UInt8]
    do throws(ResourceTableError) { bytes = try reader.converted(to: to.version) } catch {
      throw Failure(error, about: file, status: .refused)
    }
    do throws(ResultFileError) {
      try ResultFile(path: output).write(bytes, input: file, inheritsRights: false)
    } catch { throw Failure(error) }
    context.output.line(TableSummary.line(output, bytes, to.version))
    return .done
  }
}

/// What was made, in one line.
enum TableSummary {
  /// The file, and what is in the table that it holds.
  static func line(_ path: String, _ table: [UInt8], _ version: ResourceTableVersion) -> String {
    var count = 0
    // A table that was described on purpose need not be one that can be read.
    do throws(ResourceTableError) {
      count = try ResourceTableReader(parsing: table, version: version).entryCount
    } catch {}
    return "\(SafeText.escaped(path)): version \(version == .v0 ? 0 : 1), \(count) "
      + "\(count == 1 ? "entry" : "entries"), \(table.count) bytes of table"
  }
}

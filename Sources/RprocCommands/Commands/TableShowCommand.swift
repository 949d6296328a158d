import ArgumentParser
import FirmwareFiles
import ResourceTable

/// `rproc table show`: what is in a table.
struct TableShowCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows a resource table, or prints it as YAML.",
    discussion: """
      The YAML builds the same bytes again: change it, and give it to build.

      EXAMPLES
        rproc table show firmware.elf
        rproc table show table.bin --table-version 0
        rproc table show firmware.elf --yaml > table.yaml
      """)

  @Argument(help: "An ELF image, or a file that is a table.", completion: .file())
  var file: String

  @Flag(help: "One JSON object.")
  var json = false

  @Flag(help: "As YAML that build reads.")
  var yaml = false

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  var wantsJSON: Bool { json }

  func validate() throws {
    if json && yaml { throw ValidationError("--json does not go with --yaml") }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let table = try TableFile(ImageFile.forCommand(file))
    if yaml {
      let reader = try table.reader(tableVersion?.version)
      do throws(ResourceTableError) {
        let description = try ResourceTableDescription(of: reader)
        context.output.write(TableText(table: description).yaml)
      } catch { throw Failure(error, about: file, status: .refused) }
      return .done
    }
    let inspection = TableInspection(
      bytes: table.bytes, section: table.image?.section, version: tableVersion?.version,
      path: file)
    if json {
      context.output.line(InspectionJSON.table(inspection).text)
    } else {
      for line in InspectionText.lines(of: inspection, palette: context.outputPalette) {
        context.output.line(line)
      }
    }
    if let failure = inspection.failure { throw failure }
    return .done
  }
}

import ArgumentParser
import Boards
import FirmwareFiles
import ResourceTable

/// `rproc table build`: a table from its description.
struct TableBuildCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Builds a resource table from a YAML description.",
    discussion: """
      With --into the table goes into the section .resource_table of an image, if
      it fits there. Documentation/Table.md has all keys.

      EXAMPLES
        rproc table build table.yaml -o table.bin
        rproc table build table.yaml --into firmware.elf -o new.elf
        rproc table build table.yaml --into firmware.elf --in-place
      """)

  @Argument(help: "The description, a YAML file.", completion: .file())
  var description: String

  @Option(
    help: ArgumentHelp("Put the table into this ELF image.", valueName: "image"),
    completion: .file())
  var into: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Where the table or the image is written.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Change the image itself.")
  var inPlace = false

  var wantsJSON: Bool { false }

  func validate() throws {
    if inPlace && into == nil { throw ValidationError("--in-place changes the image of --into") }
    if inPlace && output != nil { throw ValidationError("--in-place does not go with -o") }
    if !inPlace && output == nil { throw ValidationError("-o names the file to be written") }
  }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let (table, version) = try build()
    var bytes = table
    if let into { bytes = try TableFile(ImageFile.forCommand(into)).spliced(table) }
    let target = output ?? into ?? ""
    do throws(ResultFileError) {
      let result = ResultFile(path: target)
      if into != nil {
        try result.write(bytes, input: into, mayReplaceInput: inPlace, inheritsRights: true)
      } else {
        try result.write(bytes, input: description, inheritsRights: false)
      }
    } catch { throw Failure(error) }
    context.output.line(TableSummary.line(target, table, version))
    return .done
  }

  private func build() throws(Failure) -> ([UInt8], ResourceTableVersion) {
    let file = try ImageFile.forCommand(description)
    guard file.bytes.count <= TableYAML.maxByteCount else {
      throw Failure(
        kind: "TableYAML.tooLarge",
        message: "\(SafeText.escaped(description)): \(file.bytes.count) bytes, a description has "
          + "at most \(TableYAML.maxByteCount)", status: .refused)
    }
    let text = String(decoding: file.bytes, as: UTF8.self)
    let table: ResourceTableDescription
    do throws(BoardError) {
      table = try TableYAML.description(of: text, fileName: description)
    } catch { throw Failure(error, status: .refused) }
    do throws(ResourceTableError) { return (try table.build(), table.version) } catch {
      throw Failure(error, about: description, status: .refused)
    }
  }
}

import ArgumentParser

/// `rproc inspect`: what an image asks for.
struct InspectCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what an image asks for; nothing is booted.",
    discussion: """
      Prints the header, the segments, the sections that are loaded, and the
      resource table of either version.

      EXAMPLES
        rproc inspect firmware.elf
        rproc inspect firmware.elf --json
      """)

  @Argument(help: "The firmware image, an ELF file.", completion: .file())
  var image: String

  @Flag(help: "One JSON object.")
  var json = false

  var wantsJSON: Bool { json }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let inspection = try ImageInspection(ImageFile.forCommand(image))
    if json {
      context.output.line(InspectionJSON.object(inspection).text)
    } else {
      let text = InspectionText(inspection, palette: context.outputPalette)
      for line in text.lines { context.output.line(line) }
    }
    if let failure = inspection.failure { throw failure }
    return .done
  }
}

extension ImageFile {
  /// The file at `path`, with errors as a command reports them.
  static func forCommand(_ path: String) throws(Failure) -> ImageFile {
    do throws(ImageFileError) { return try ImageFile(path: path) } catch {
      throw Failure(error, status: .noInput)
    }
  }
}

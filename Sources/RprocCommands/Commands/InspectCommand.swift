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
        rproc inspect firmware.bin --load-address 0x80000000
      """)

  @OptionGroup var image: ImageArguments

  @Option(help: TableVersionArgument.help)
  var tableVersion: TableVersionArgument?

  @Flag(help: "One JSON object.")
  var json = false

  var wantsJSON: Bool { json }

  func execute(_ context: CommandContext) throws -> CommandStatus {
    let inspection = try ImageInspection(
      image.read(context), image.options, tableVersion: tableVersion?.version)
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

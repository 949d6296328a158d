import ArgumentParser

/// `rproc inspect`: what an image asks for.
struct InspectCommand: ExecutableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what an image asks for, or what a core dump says.",
    discussion: """
      Prints the header, the segments, the sections that are loaded, and the
      resource table of either version. Of a core dump, what it says of the
      crash: registers, trace, memory, and the resource table.

      EXAMPLES
        rproc inspect firmware.elf
        rproc inspect rproc-20260101T120000.000000Z.core
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
    if let dump = try DumpInspection(path: image.image) {
      show(dump, context)
      return .done
    }
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

  private func show(_ dump: DumpInspection, _ context: CommandContext) {
    if json {
      context.output.line(DumpJSON.object(dump).text)
    } else {
      let text = DumpText(dump, palette: context.outputPalette)
      for line in text.lines { context.output.line(line) }
    }
  }
}

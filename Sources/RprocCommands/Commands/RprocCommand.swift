import ArgumentParser

/// The root of all commands.
struct RprocCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rproc",
    abstract: "Boots firmware of a remote processor and talks to it.",
    discussion: """
      The processor is simulated, so no board is needed.

      EXAMPLES
        rproc demo                           boot the sample firmware
        rproc run firmware.elf --timeout 5   boot an image and show what it does
        rproc inspect firmware.elf           what an image asks for
        rproc check firmware.elf             what is wrong with it

      EXIT STATUS
        0 done, 64 usage, 65 image or table refused, 66 image not readable,
        69 platform not available here, 70 the remote crashed or failed,
        74 output not written, 75 timed out, 130 interrupted
      """,
    version: RprocTool.version,
    subcommands: [
      DemoCommand.self, RunCommand.self, InspectCommand.self, CheckCommand.self,
      TableCommand.self, PingCommand.self, ViewsCommand.self, BoardsCommand.self,
      RemoteCommand.self,
    ])
}

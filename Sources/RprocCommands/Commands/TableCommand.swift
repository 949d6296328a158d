import ArgumentParser

/// `rproc table`: resource tables by themselves.
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Shows, builds and converts resource tables.",
    discussion: """
      A table is a file of its own, or the section .resource_table of an ELF image.

      EXAMPLES
        rproc table show firmware.elf
        rproc table show firmware.elf --yaml > table.yaml
        rproc table build table.yaml -o table.bin
        rproc table build table.yaml --into firmware.elf -o new.elf
        rproc table convert old.elf --to 1 -o table.bin
      """,
    subcommands: [
      TableShowCommand.self, TableBuildCommand.self, TableConvertCommand.self,
    ])
}

import ArgumentParser

/// The options by which programs outside reach channels.
struct BridgeArguments: ParsableArguments {
  @Option(
    name: .customLong("pty"),
    help: ArgumentHelp(
      "Make channels of this name a raw pseudo-terminal, with a symbolic link to it. "
        + "May be repeated.", valueName: "name=link"))
  var terminals: [String] = []

  @Option(
    name: .customLong("socket"),
    help: ArgumentHelp(
      "Serve channels of this name on a SOCK_SEQPACKET Unix socket, one message in each packet. "
        + "May be repeated.", valueName: "name=path"))
  var sockets: [String] = []

  @Option(
    name: .customLong("stdio"),
    help: ArgumentHelp(
      "Connect standard input and output with channels of this name; all else goes to standard "
        + "error. Ends when the input has ended and nothing came for a second.",
      valueName: "name"))
  var stream: String?

  /// What the user wants.
  var choices: [BridgeChoice] {
    terminals.compactMap { BridgeChoice(terminal: $0) }
      + sockets.compactMap { BridgeChoice(socket: $0) }
      + [stream.flatMap { BridgeChoice(standardStreams: $0) }].compactMap(\.self)
  }

  mutating func validate() throws {
    for terminal in terminals where BridgeChoice(terminal: terminal) == nil {
      throw ValidationError("--pty takes NAME=LINK with a name of 1 to 31 bytes")
    }
    for socket in sockets where BridgeChoice(socket: socket) == nil {
      throw ValidationError("--socket takes NAME=PATH with a name of 1 to 31 bytes")
    }
    if let stream, BridgeChoice(standardStreams: stream) == nil {
      throw ValidationError("--stdio takes a name of 1 to 31 bytes")
    }
  }
}

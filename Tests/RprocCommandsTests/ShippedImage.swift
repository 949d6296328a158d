import Foundation

/// A firmware image that is committed beside the commands.
enum ShippedImage: String, CaseIterable, Sendable {
  /// Answers 100 messages and says goodbye.
  case sampleClient = "sample-client"
  /// Returns every message.
  case echo
  /// The same without interrupts.
  case echoPoll = "echo-poll"
  /// Returns every message, by a resource table of version 0.
  case echoV0 = "echo-v0"
  /// Crashes as a message tells it to.
  case crash

  /// The path of the file.
  var path: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/RprocCommands/Images/\(rawValue).elf").path
  }
}

import Foundation

/// A firmware image that comes with the package.
package enum ShippedImage: String, CaseIterable, Sendable {
  /// Answers 100 messages and says goodbye.
  case sampleClient = "sample-client"
  /// Returns every message.
  case echo
  /// The same without interrupts.
  case echoPoll = "echo-poll"
  /// Crashes as a message tells it to.
  case crash

  /// The path of the file.
  package var path: String {
    Bundle.module.bundleURL.appendingPathComponent("Images/\(rawValue).elf").path
  }
}

import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  private func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..")
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test("The driver that the documentation explains is the one that the examples build")
  func platformDriver() throws {
    let page = try text("Sources/Remoteproc/Remoteproc.docc/WriteAPlatformDriver.md")
    let code = try text("Examples/Sources/ToyBoard/ToyBoard.swift")
    #expect(page.contains("```swift\n\(code)```"))
    #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count <= 66)
  }

  @Test(
    "Every function of the first API has a row",
    arguments: [
      "rproc_boot", "rproc_shutdown", "rproc_get_by_name", "rproc_put", "rproc_alloc",
      "rproc_free", "rproc_register", "rproc_unregister", "ops->start", "ops->stop", "ops->kick",
    ])
  func seed(function: String) throws {
    #expect(try text("Documentation/SeedAPI.md").contains("| `\(function)("))
  }
}

import Foundation
import Remoteproc
import Testing

@Suite("The documented list of compatibility rules")
struct CompatibilityDocumentTests {
  /// The rows of the first table: rule, default and reason, Linux.
  private func rows() throws -> [[String]] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = root.appendingPathComponent("Documentation/Compatibility.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test("Each rule of the code is in it once, in the same order, and nothing else")
  func rules() throws {
    let documented = try rows().map { $0[0].replacing("`", with: "") }
    #expect(documented == CompatibilityRule.allCases.map(\.rawValue))
  }

  @Test("Each row says what the default profile does and why, and what Linux does")
  func columns() throws {
    for row in try rows() {
      #expect(row.count == 3, "\(row)")
      #expect(row.dropFirst().allSatisfy { $0.count > 5 }, "\(row)")
    }
  }
}

import CLinux
import Foundation

/// The name of a function in firmware as people write it.
package enum SymbolName {
  /// `name` as Swift source spells it when it is a mangled name of Swift, else `name` itself.
  package static func readable(_ name: String) -> String {
    guard name.hasPrefix("$"), let text = demangled(name) else { return name }
    // "generic specialization <...> of f() -> ()": what the optimiser did is of no interest here.
    let source = text.range(of: "> of ", options: .backwards).map { text[$0.upperBound...] }
    let plain = source ?? text[...]
    return String(plain.hasPrefix("static ") ? plain.dropFirst(7) : plain)
  }

  private static func demangled(_ name: String) -> String? {
    // SAFETY: the runtime returns a C string of its own that the caller frees.
    guard let text = unsafe rproc_demangle(name) else { return nil }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }
}

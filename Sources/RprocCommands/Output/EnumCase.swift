/// The runtime's name of the case of an enum.
@_silgen_name("swift_EnumCaseName")
private func caseName<Value>(_ value: Value) -> UnsafePointer<CChar>?

/// Cases of enums by their names in the code, whatever the value prints as.
enum EnumCase {
  /// The name of the case of `value`; `nil` unless that is an enum.
  static func name(of value: Any) -> String? {
    func open<Value>(_ value: Value) -> String? {
      // SAFETY: the runtime gives a string of its own that ends with NUL and lives for ever.
      unsafe caseName(value).map { unsafe String(cString: $0) }
    }
    return _openExistential(value, do: open)
  }
}

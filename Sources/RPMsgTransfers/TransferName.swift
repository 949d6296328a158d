public import WireTypes

/// How a service says that it takes large messages: a second announcement, under its name and a
/// suffix, before that of the plain name.
///
/// A peer that does not know the suffix sees a service it has no use for, and sends nothing to it.
public enum TransferName {
  /// What is put behind the name of a service; the digit is the version.
  public static var suffix: StaticString { "+L1" }

  /// The name for the large messages of `service`, or `nil` when it has no room for the suffix.
  public static func companion(of service: WireName) -> WireName? {
    let count = service.byteCount
    guard count > 0, count + suffix.utf8CodeUnitCount <= 31 else { return nil }
    var name = service
    for index in 0..<suffix.utf8CodeUnitCount {
      // SAFETY: `index` is below the number of code units of a static string.
      name.storage[count + index] = unsafe suffix.utf8Start[index]
    }
    for index in count + suffix.utf8CodeUnitCount..<32 { name.storage[index] = 0 }
    return name
  }

  /// Whether `name` is one for large messages.
  public static func isCompanion(_ name: WireName) -> Bool {
    let start = name.byteCount - suffix.utf8CodeUnitCount
    guard start > 0 else { return false }
    for index in 0..<suffix.utf8CodeUnitCount
    where name.storage[start + index] != (unsafe suffix.utf8Start[index]) {
      return false
    }
    return true
  }
}

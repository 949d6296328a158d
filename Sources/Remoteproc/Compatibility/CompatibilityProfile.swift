/// How much of what firmware asks for must make sense.
public enum CompatibilityProfile: String, CaseIterable, Sendable {
  /// Refuses what cannot work for the remote.
  case `default`
  /// Accepts what Linux 6.1 accepts, useless or not; refuses what makes Linux read or write
  /// outside its memory.
  case linux

  /// Whether firmware that breaks `rule` is refused.
  public func enforces(_ rule: CompatibilityRule) -> Bool {
    switch (self, rule) {
    case (.default, _): true
    case (.linux, _): false
    }
  }

  /// Bits of a device address that count when memory is looked up.
  var addressWidth: Int { enforces(.segmentAddressWidth) ? 64 : 32 }
}

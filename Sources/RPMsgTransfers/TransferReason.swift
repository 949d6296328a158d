/// Why one side ends a transfer, as it tells the other.
public struct TransferReason: Equatable, Sendable {
  /// The number on the wire; those without a name here may come from later versions.
  public let rawValue: UInt16

  /// Makes a reason from its number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The message is longer than the receiver takes.
  public static var tooLong: Self { Self(rawValue: 1) }
  /// Another transfer is not over.
  public static var busy: Self { Self(rawValue: 2) }
  /// The number was used before.
  public static var duplicate: Self { Self(rawValue: 3) }
  /// The other side broke the rules for fragments or credits.
  public static var violation: Self { Self(rawValue: 4) }
  /// The application wants no more of it.
  public static var unwanted: Self { Self(rawValue: 5) }
  /// It took too long.
  public static var timedOut: Self { Self(rawValue: 6) }
}

#if !hasFeature(Embedded)
extension TransferReason: CustomStringConvertible {
  /// A few words for a person.
  public var description: String {
    switch self {
    case .tooLong: "too long"
    case .busy: "busy"
    case .duplicate: "number used before"
    case .violation: "rules broken"
    case .unwanted: "unwanted"
    case .timedOut: "timed out"
    default: "reason \(rawValue)"
    }
  }
}
#endif

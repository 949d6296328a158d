/// How a request was taken, as the response says.
public struct ServiceStatus: Equatable, Sendable {
  /// The number on the wire; from 256 on they belong to the application.
  public let rawValue: UInt16

  /// Makes a status from its number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// It was done; the response has its contents.
  public static var done: Self { Self(rawValue: 0) }
  /// It could not be decoded.
  public static var malformed: Self { Self(rawValue: 1) }
  /// Not now.
  public static var busy: Self { Self(rawValue: 2) }
  /// Not by this server.
  public static var unsupported: Self { Self(rawValue: 3) }
  /// It was tried in vain.
  public static var failed: Self { Self(rawValue: 4) }
  /// The first number for the application.
  public static var firstOfApplication: UInt16 { 256 }
}

/// A server's word that it will not do what a request asks.
public struct ServiceRefusal: Error, Equatable, Sendable {
  /// Why; not ``ServiceStatus/done``, which would be taken for ``ServiceStatus/failed``.
  public let status: ServiceStatus

  /// Refuses for the reason `status`.
  public init(_ status: ServiceStatus) {
    self.status = status == .done ? .failed : status
  }
}

#if !hasFeature(Embedded)
extension ServiceStatus: CustomStringConvertible {
  /// A word or two for a person.
  public var description: String {
    switch self {
    case .done: "done"
    case .malformed: "malformed request"
    case .busy: "busy"
    case .unsupported: "unsupported"
    case .failed: "failed"
    default: "status \(rawValue)"
    }
  }
}
#endif

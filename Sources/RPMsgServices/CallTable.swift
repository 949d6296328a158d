import SharedMemory

/// Which calls wait for their answers: a fixed number of places, one owner.
///
/// The number of a call is its place, in the low ten bits, and how often that place was used. So
/// an answer finds its call by one look, and one that comes late is told from one that nobody can
/// have asked for.
public struct CallTable: ~Copyable, Sendable {
  /// The most calls that a table can hold.
  public static var maximumCapacity: Int { 1024 }

  /// How a call ended.
  public enum End: Equatable, Sendable {
    /// Its answer has come.
    case answered
    /// Nobody waits for its answer any more.
    case abandoned
  }

  /// Which call an answer is for.
  public enum Match: Equatable, Sendable {
    /// A call that waits, at this place.
    case waiting(place: Int)
    /// A call that was abandoned.
    case late
    /// A call that was answered.
    case duplicate
    /// None that was ever made.
    case unknown
  }

  /// A call that was entered.
  public struct Entry: Equatable, Sendable {
    /// Its number, for the wire.
    public let number: UInt32
    /// Its place: `0..<capacity`.
    public let place: Int
  }

  // Not private: other modules destroy the array of them, and the compiler trips over that.
  @usableFromInline
  struct Place: Sendable {
    /// How often the place was used.
    var uses: UInt32 = 0
    var isWaiting = false
    var end = End.answered
  }

  /// Calls that wait.
  public private(set) var count = 0
  private var places: PrivateArray<Place>
  private var cursor = 0
  private static var placeBits: UInt32 { 10 }
  private static var useMask: UInt32 { (1 << 22) - 1 }

  /// Makes a table.
  ///
  /// - Precondition: `capacity` is in `1...maximumCapacity`.
  public init(capacity: Int) {
    precondition((1...Self.maximumCapacity).contains(capacity), "1...1024 calls")
    places = PrivateArray(repeating: Place(), count: capacity)
  }

  /// Makes a table whose places were used `uses` times, for tests of the wrap.
  package init(capacity: Int, uses: UInt32) {
    self.init(capacity: capacity)
    for index in 0..<capacity { places[index].uses = uses }
  }

  /// Calls it can hold.
  public var capacity: Int { places.count }

  /// Enters a call.
  ///
  /// - Throws: ``RPMsgServiceError/tooManyCalls(limit:)``.
  public mutating func open() throws(RPMsgServiceError) -> Entry {
    guard count < places.count else { throw .tooManyCalls(limit: places.count) }
    // Places are taken in turn, so that a number comes again as late as can be.
    while places[cursor].isWaiting { advance() }
    var place = places[cursor]
    place.uses &+= 1
    place.isWaiting = true
    places[cursor] = place
    count += 1
    defer { advance() }
    return Entry(number: Self.number(of: place.uses, at: cursor), place: cursor)
  }

  private mutating func advance() { cursor = cursor + 1 < places.count ? cursor + 1 : 0 }

  private static func number(of uses: UInt32, at place: Int) -> UInt32 {
    (uses & useMask) << placeBits | UInt32(truncatingIfNeeded: place)
  }

  /// Which call has `number`; changes nothing.
  public func match(_ number: UInt32) -> Match {
    let index = Int(truncatingIfNeeded: number & (1 << Self.placeBits - 1))
    guard index < places.count else { return .unknown }
    let place = places[index]
    let age = ((place.uses & Self.useMask) &- number >> Self.placeBits) & Self.useMask
    if age == 0, place.uses > 0 {
      if place.isWaiting { return .waiting(place: index) }
      return place.end == .answered ? .duplicate : .late
    }
    return age < min(place.uses, Self.useMask / 2) ? .late : .unknown
  }

  /// Ends the call with `number` if it waits; returns what ``match(_:)`` says of it before.
  public mutating func close(_ number: UInt32, as end: End) -> Match {
    let match = match(number)
    guard case .waiting(let index) = match else { return match }
    places[index].isWaiting = false
    places[index].end = end
    count -= 1
    return match
  }
}

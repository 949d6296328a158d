public import RPMsgServices
public import WireTypes

/// What a client asks a sensor.
///
/// | Offset | Bytes | Field                                                                |
/// |-------:|------:|----------------------------------------------------------------------|
/// |      0 |     4 | what: 1 subscribe, 2 unsubscribe, 3 read                             |
/// |      4 |     4 | microseconds between two samples, 1000...60000000; 0 unless subscribing |
///
/// Every field is little-endian.
public enum SensorRequest: WireMessage, Equatable {
  /// Send a sample every so many microseconds, to whoever sent this.
  case subscribe(intervalInMicroseconds: UInt32)
  /// Send no more.
  case unsubscribe
  /// How is it now?
  case read

  /// Bytes of every request.
  public static var maximumByteCount: Int { 8 }
  /// The shortest interval.
  public static var minimumInterval: UInt32 { 1000 }
  /// The longest interval.
  public static var maximumInterval: UInt32 { 60_000_000 }

  /// Writes all 8 bytes.
  public func encode(into buffer: inout MutableRawSpan) {
    let words: (what: UInt32, interval: UInt32) =
      switch self {
      case .subscribe(let interval): (1, interval)
      case .unsubscribe: (2, 0)
      case .read: (3, 0)
      }
    buffer.storeLittleEndian(words.what, at: 0)
    buffer.storeLittleEndian(words.interval, at: 4)
  }

  /// Decodes 8 bytes.
  ///
  /// - Throws: ``RPMsgServices/RPMsgServiceError/wrongByteCount(needed:available:)`` or
  ///   ``RPMsgServices/RPMsgServiceError/valueOutOfRange(offset:value:limit:)``.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkByteCount(Self.maximumByteCount)
    let what: UInt32 = payload.littleEndian(at: 0)
    let interval: UInt32 = payload.littleEndian(at: 4)
    switch what {
    case 1:
      guard (Self.minimumInterval...Self.maximumInterval).contains(interval) else {
        throw .valueOutOfRange(offset: 4, value: interval, limit: Self.maximumInterval)
      }
      self = .subscribe(intervalInMicroseconds: interval)
    case 2: self = .unsubscribe
    case 3: self = .read
    default: throw .valueOutOfRange(offset: 0, value: what, limit: 3)
    }
  }
}

/// What a sensor has measured at one moment.
///
/// | Offset | Bytes | Field                                        |
/// |-------:|------:|----------------------------------------------|
/// |      0 |     4 | `number`: of the sample, from 1 on           |
/// |      4 |     4 | how many readings follow, 0...8              |
/// |      8 |     8 | `time`: microseconds on the sensor's clock   |
/// |     16 | 4 * n | the readings, signed                         |
///
/// Every field is little-endian.
public struct SensorSample: WireMessage, Equatable {
  /// The most readings of a sample.
  public static var maximumReadingCount: Int { 8 }
  /// Bytes of the longest sample.
  public static var maximumByteCount: Int { 16 + 4 * maximumReadingCount }

  /// Which sample it is, counted by the sensor.
  public let number: UInt32
  /// Microseconds on the sensor's clock.
  public let time: UInt64
  /// How many readings there are; 0...8.
  public private(set) var count = 0
  private var readings = InlineArray<8, Int32>(repeating: 0)

  /// A sample without readings.
  public init(number: UInt32, time: UInt64) {
    self.number = number
    self.time = time
  }

  /// Adds a reading.
  ///
  /// - Precondition: there are fewer than eight.
  public mutating func append(_ reading: Int32) {
    precondition(count < Self.maximumReadingCount, "at most eight readings")
    readings[count] = reading
    count += 1
  }

  /// A reading.
  ///
  /// - Precondition: `index` is in `0..<count`.
  public subscript(index: Int) -> Int32 {
    precondition((0..<count).contains(index), "no such reading")
    return readings[index]
  }

  /// 16 bytes, and four for each reading.
  public var byteCount: Int { 16 + 4 * count }

  /// Whether both say the same.
  public static func == (lhs: Self, rhs: Self) -> Bool {
    guard lhs.number == rhs.number, lhs.time == rhs.time, lhs.count == rhs.count else {
      return false
    }
    for index in 0..<lhs.count where lhs.readings[index] != rhs.readings[index] { return false }
    return true
  }

  /// Writes header and readings.
  public func encode(into buffer: inout MutableRawSpan) {
    buffer.storeLittleEndian(number, at: 0)
    buffer.storeLittleEndian(UInt32(truncatingIfNeeded: count), at: 4)
    buffer.storeLittleEndian(time, at: 8)
    for index in 0..<count { buffer.storeLittleEndian(readings[index], at: 16 + 4 * index) }
  }

  /// Decodes header and readings.
  ///
  /// - Throws: ``RPMsgServices/RPMsgServiceError/truncated(needed:available:)``,
  ///   ``RPMsgServices/RPMsgServiceError/valueOutOfRange(offset:value:limit:)`` for more than eight
  ///   readings, or ``RPMsgServices/RPMsgServiceError/wrongByteCount(needed:available:)``.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkMinimum(16)
    let rawCount: UInt32 = payload.littleEndian(at: 4)
    guard rawCount <= 8 else { throw .valueOutOfRange(offset: 4, value: rawCount, limit: 8) }
    number = payload.littleEndian(at: 0)
    time = payload.littleEndian(at: 8)
    count = Int(truncatingIfNeeded: rawCount)
    try payload.checkByteCount(16 + 4 * count)
    for index in 0..<count { readings[index] = payload.littleEndian(at: 16 + 4 * index) }
  }
}

extension SensorSample {
  /// The first reading of the shipped firmware: a triangle wave from -32 to 32, of 128 samples.
  ///
  /// The second is how many microseconds the sample was late, the third how many requests were
  /// served.
  public static func wave(_ number: UInt32) -> Int32 {
    let phase = Int32(truncatingIfNeeded: number & 127)
    return phase <= 64 ? phase - 32 : 96 - phase
  }
}

/// A sensor that is read, or sends its samples at the pace of its one subscriber.
public enum SensorService: RPMsgService {
  /// Subscribe, unsubscribe, read.
  public typealias Request = SensorRequest
  /// The sample of this moment.
  public typealias Response = SensorSample
  /// A sample whose time has come.
  public typealias Event = SensorSample

  /// `sensor`.
  public static var name: WireName { WireName("sensor") }
}

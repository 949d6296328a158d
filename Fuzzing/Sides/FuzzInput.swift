/// The bytes of one run: they say what is done, and what the far side does meanwhile.
///
/// One thread uses it. After the end every byte is 0.
public final class FuzzInput: @unchecked Sendable {
  private let bytes: [UInt8]
  private var position = 0

  /// Starts at the first of `bytes`.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether all bytes were taken.
  public var isEmpty: Bool { position >= bytes.count }

  /// The next integer, little-endian.
  public func next<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
    var value: Value = 0
    for index in 0..<Value.bitWidth / 8 where position < bytes.count {
      value |= Value(truncatingIfNeeded: bytes[position]) << Value(8 * index)
      position += 1
    }
    return value
  }

  /// A number in `0..<count`, made of one byte.
  ///
  /// - Precondition: `count >= 1`.
  func choice(_ count: Int) -> Int { Int(next(UInt8.self)) % count }

  /// The next step of a run.
  func step<Step: CaseIterable & RawRepresentable>(_ type: Step.Type) -> Step
  where Step.RawValue == UInt8 {
    let cases = Array(Step.allCases)
    return cases[choice(cases.count)]
  }
}

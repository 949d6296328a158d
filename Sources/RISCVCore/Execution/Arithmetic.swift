/// The results of the M extension.
///
/// Source: [RISCV-UNPRIV] §7.
enum Arithmetic {
  @inline(__always)
  static func mulh(_ first: UInt32, _ second: UInt32) -> UInt32 {
    let product = Int64(Int32(bitPattern: first)) &* Int64(Int32(bitPattern: second))
    return UInt32(truncatingIfNeeded: product &>> 32)
  }

  @inline(__always)
  static func mulhsu(_ first: UInt32, _ second: UInt32) -> UInt32 {
    let product = Int64(Int32(bitPattern: first)) &* Int64(second)
    return UInt32(truncatingIfNeeded: product &>> 32)
  }

  @inline(__always)
  static func mulhu(_ first: UInt32, _ second: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: (UInt64(first) &* UInt64(second)) &>> 32)
  }

  /// Division by zero gives all ones; the one overflow gives the dividend.
  @inline(__always)
  static func div(_ first: UInt32, _ second: UInt32) -> UInt32 {
    guard second != 0 else { return .max }
    let (quotient, _) = Int32(bitPattern: first).dividedReportingOverflow(
      by: Int32(bitPattern: second))
    return UInt32(bitPattern: quotient)
  }

  @inline(__always)
  static func divu(_ first: UInt32, _ second: UInt32) -> UInt32 {
    second == 0 ? .max : first / second
  }

  /// The remainder of a division by zero is the dividend; that of the one overflow is 0.
  @inline(__always)
  static func rem(_ first: UInt32, _ second: UInt32) -> UInt32 {
    guard second != 0 else { return first }
    let (remainder, _) = Int32(bitPattern: first).remainderReportingOverflow(
      dividingBy: Int32(bitPattern: second))
    return UInt32(bitPattern: remainder)
  }

  @inline(__always)
  static func remu(_ first: UInt32, _ second: UInt32) -> UInt32 {
    second == 0 ? first : first % second
  }
}

public import RPMsgServices
public import WireTypes

/// A square matrix of up to six rows, as the matrix demo of open-amp lays it out.
///
/// | Offset | Bytes | Field                                             |
/// |-------:|------:|---------------------------------------------------|
/// |      0 |     4 | `size`: rows, and columns; 1...6                  |
/// |      4 |   144 | elements, row by row; a row always has six places |
///
/// Every field is little-endian. Source: practice (open-amp, matrix_multiply).
public struct Matrix: WireMessage, Equatable {
  /// The most rows.
  public static var maximumSize: Int { 6 }
  /// Bytes of every matrix.
  public static var maximumByteCount: Int { 148 }

  /// Rows, and columns; 1...6.
  public let size: Int
  private var elements: InlineArray<36, UInt32>

  /// A matrix of zeroes.
  ///
  /// - Precondition: `size` is in `1...6`.
  public init(size: Int) {
    precondition((1...Self.maximumSize).contains(size), "1...6 rows")
    self.size = size
    elements = InlineArray(repeating: 0)
  }

  /// The element in a row and a column.
  ///
  /// - Precondition: both are in `0..<size`.
  public subscript(row: Int, column: Int) -> UInt32 {
    get { elements[place(row, column)] }
    set { elements[place(row, column)] = newValue }
  }

  private func place(_ row: Int, _ column: Int) -> Int {
    precondition((0..<size).contains(row) && (0..<size).contains(column), "no such element")
    return row &* Self.maximumSize &+ column
  }

  /// The product of two matrices of the same size; sums wrap, as those of the demo do.
  ///
  /// - Precondition: both have the same size.
  public static func * (lhs: Matrix, rhs: Matrix) -> Matrix {
    precondition(lhs.size == rhs.size, "matrices of one size")
    var product = Matrix(size: lhs.size)
    for row in 0..<lhs.size {
      for column in 0..<lhs.size {
        var sum: UInt32 = 0
        for index in 0..<lhs.size { sum &+= lhs[row, index] &* rhs[index, column] }
        product[row, column] = sum
      }
    }
    return product
  }

  /// Whether both have the same size and elements; places outside the matrix do not count.
  public static func == (lhs: Matrix, rhs: Matrix) -> Bool {
    guard lhs.size == rhs.size else { return false }
    for row in 0..<lhs.size {
      for column in 0..<lhs.size where lhs[row, column] != rhs[row, column] { return false }
    }
    return true
  }

  /// Writes all 148 bytes.
  public func encode(into buffer: inout MutableRawSpan) {
    buffer.storeLittleEndian(UInt32(truncatingIfNeeded: size), at: 0)
    for index in 0..<36 { buffer.storeLittleEndian(elements[index], at: 4 &+ 4 &* index) }
  }

  /// Decodes 148 bytes.
  ///
  /// - Throws: ``RPMsgServices/RPMsgServiceError/wrongByteCount(needed:available:)``, or
  ///   ``RPMsgServices/RPMsgServiceError/valueOutOfRange(offset:value:limit:)`` for a size that is
  ///   not in 1...6.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkByteCount(Self.maximumByteCount)
    let rawSize: UInt32 = payload.littleEndian(at: 0)
    guard (1...6).contains(rawSize) else {
      throw .valueOutOfRange(offset: 0, value: rawSize, limit: 6)
    }
    size = Int(truncatingIfNeeded: rawSize)
    elements = InlineArray(repeating: 0)
    for index in 0..<36 { elements[index] = payload.littleEndian(at: 4 &+ 4 &* index) }
  }
}

/// Two matrices that are to be multiplied: one behind the other, 296 bytes.
public struct MatrixPair: WireMessage, Equatable {
  /// Bytes of every pair.
  public static var maximumByteCount: Int { 2 * Matrix.maximumByteCount }

  /// The left factor.
  public let left: Matrix
  /// The right factor, of the same size.
  public let right: Matrix

  /// Joins two matrices.
  ///
  /// - Precondition: both have the same size.
  public init(_ left: Matrix, _ right: Matrix) {
    precondition(left.size == right.size, "matrices of one size")
    self.left = left
    self.right = right
  }

  /// The product of the two.
  public var product: Matrix { left * right }

  /// Writes both.
  public func encode(into buffer: inout MutableRawSpan) {
    left.encode(into: &buffer)
    var rest = buffer._mutatingExtracting(
      Matrix.maximumByteCount..<Self.maximumByteCount)
    right.encode(into: &rest)
  }

  /// Decodes both.
  ///
  /// - Throws: as `Matrix`, and
  ///   ``RPMsgServices/RPMsgServiceError/valueOutOfRange(offset:value:limit:)`` when the sizes
  ///   differ.
  public init(decoding payload: RawSpan) throws(RPMsgServiceError) {
    try payload.checkByteCount(Self.maximumByteCount)
    left = try Matrix(decoding: payload.extracting(first: Matrix.maximumByteCount))
    right = try Matrix(decoding: payload.extracting(droppingFirst: Matrix.maximumByteCount))
    guard left.size == right.size else {
      throw .valueOutOfRange(
        offset: Matrix.maximumByteCount, value: UInt32(truncatingIfNeeded: right.size),
        limit: UInt32(truncatingIfNeeded: left.size))
    }
  }
}

/// The typed service: two matrices, and their product.
public enum MatrixService: RPMsgService {
  /// Two matrices of one size.
  public typealias Request = MatrixPair
  /// Their product.
  public typealias Response = Matrix
  /// There are none.
  public typealias Event = EmptyMessage

  /// `matrix-multiply`.
  public static var name: WireName { WireName("matrix-multiply") }
}

/// The same without frames, as open-amp's demo speaks it: a ``MatrixPair`` goes, a ``Matrix`` comes.
public enum PlainMatrixService {
  /// `rpmsg-openamp-demo-channel`.
  public static var name: WireName { WireName("rpmsg-openamp-demo-channel") }
  /// A message of these four bytes, little-endian, asks the server to end.
  public static var shutdownWord: UInt32 { 0xef56_a55a }

  /// Whether `payload` asks the server to end.
  public static func isShutdown(_ payload: RawSpan) -> Bool {
    payload.byteCount == 4 && payload.littleEndian(at: 0, as: UInt32.self) == shutdownWord
  }
}

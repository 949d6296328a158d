import RPMsgServices
import SampleServices
import TestSupport
import Testing
import WireTypes

private func bytes<Message: WireMessage>(of message: Message) -> [UInt8] {
  var buffer = [UInt8](repeating: 0xee, count: message.byteCount)
  var span = buffer.mutableSpan
  var raw = span.mutableBytes
  message.encode(into: &raw)
  return buffer
}

private func word(_ value: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
}

@Suite("Matrices")
struct MatrixTests {
  private func random(_ size: Int, _ random: inout SeededGenerator) -> Matrix {
    var matrix = Matrix(size: size)
    for row in 0..<size {
      for column in 0..<size { matrix[row, column] = UInt32.random(in: 0...9, using: &random) }
    }
    return matrix
  }

  @Test("The layout is that of the demo: size, then rows of six places")
  func layout() throws {
    var matrix = Matrix(size: 2)
    matrix[0, 0] = 1
    matrix[0, 1] = 2
    matrix[1, 0] = 0x0403_0201
    let expected =
      word(2) + word(1) + word(2) + [UInt8](repeating: 0, count: 16)
      + word(0x0403_0201) + [UInt8](repeating: 0, count: 116)
    #expect(bytes(of: matrix) == expected)
    #expect(expected.count == 148)
    let pair = MatrixPair(matrix, Matrix(size: 2))
    #expect(bytes(of: pair).count == 296)
    #expect(Array(bytes(of: pair).prefix(148)) == expected)
  }

  @Test("Encoded pairs decode; the unit matrix changes nothing", arguments: 1...6)
  func unit(size: Int) throws {
    var generator = SeededGenerator(seed: UInt64(size))
    let matrix = random(size, &generator)
    var unit = Matrix(size: size)
    for index in 0..<size { unit[index, index] = 1 }
    let pair = try MatrixPair(decoding: bytes(of: MatrixPair(matrix, unit)).span.bytes)
    #expect(pair == MatrixPair(matrix, unit))
    #expect(pair.product == matrix)
  }

  @Test("A product by hand, and one whose sums wrap")
  func products() {
    var left = Matrix(size: 2)
    var right = Matrix(size: 2)
    for (index, value) in [1, 2, 3, 4].enumerated() { left[index / 2, index % 2] = UInt32(value) }
    for (index, value) in [5, 6, 7, 8].enumerated() { right[index / 2, index % 2] = UInt32(value) }
    let product = left * right
    #expect([product[0, 0], product[0, 1], product[1, 0], product[1, 1]] == [19, 22, 43, 50])
    var big = Matrix(size: 1)
    big[0, 0] = .max
    #expect((big * big)[0, 0] == 1)
  }

  @Test("valueOutOfRange: sizes 0 and 7", arguments: [0, 7, UInt32.max])
  func sizes(size: UInt32) {
    let wrong = word(size) + [UInt8](repeating: 0, count: 144)
    #expect(throws: RPMsgServiceError.valueOutOfRange(offset: 0, value: size, limit: 6)) {
      try Matrix(decoding: wrong.span.bytes)
    }
  }

  @Test("valueOutOfRange: a pair of two sizes; wrongByteCount: one byte less or more")
  func pairs() {
    let mixed = bytes(of: Matrix(size: 2)) + bytes(of: Matrix(size: 3))
    #expect(throws: RPMsgServiceError.valueOutOfRange(offset: 148, value: 3, limit: 2)) {
      try MatrixPair(decoding: mixed.span.bytes)
    }
    for count in [0, 148, 295, 297] {
      let wrong = [UInt8](repeating: 1, count: count)
      #expect(throws: RPMsgServiceError.wrongByteCount(needed: 296, available: count)) {
        try MatrixPair(decoding: wrong.span.bytes)
      }
    }
  }

  @Test("The word that ends the demo's server")
  func shutdown() {
    let word = word(0xef56_a55a)
    let isShutdown = PlainMatrixService.isShutdown(word.span.bytes)
    #expect(isShutdown)
    let longer = word + [0]
    let isStill = PlainMatrixService.isShutdown(longer.span.bytes)
    #expect(!isStill)
  }
}

@Suite("Sensor messages")
struct SensorTests {
  @Test(
    "Requests decode as they were encoded",
    arguments: [
      SensorRequest.subscribe(intervalInMicroseconds: 1000),
      .subscribe(intervalInMicroseconds: 60_000_000), .unsubscribe, .read,
    ])
  func requests(request: SensorRequest) throws {
    #expect(try SensorRequest(decoding: bytes(of: request).span.bytes) == request)
  }

  @Test("valueOutOfRange: intervals and words that no request has")
  func wrongRequests() {
    for interval in [0, 999, 60_000_001] as [UInt32] {
      let wrong = word(1) + word(interval)
      #expect(
        throws: RPMsgServiceError.valueOutOfRange(offset: 4, value: interval, limit: 60_000_000)
      ) { try SensorRequest(decoding: wrong.span.bytes) }
    }
    for what in [0, 4] as [UInt32] {
      let wrong = word(what) + word(0)
      #expect(throws: RPMsgServiceError.valueOutOfRange(offset: 0, value: what, limit: 3)) {
        try SensorRequest(decoding: wrong.span.bytes)
      }
    }
  }

  @Test("Samples of 0 to 8 readings decode as they were encoded", arguments: 0...8)
  func samples(count: Int) throws {
    var sample = SensorSample(number: 7, time: 0x0102_0304_0506_0708)
    for index in 0..<count { sample.append(Int32(index) - 4) }
    #expect(sample.byteCount == 16 + 4 * count)
    #expect(try SensorSample(decoding: bytes(of: sample).span.bytes) == sample)
    let longer = bytes(of: sample) + [0]
    #expect(
      throws: RPMsgServiceError.wrongByteCount(
        needed: 16 + 4 * count, available: 17 + 4 * count)
    ) { try SensorSample(decoding: longer.span.bytes) }
  }

  @Test("valueOutOfRange: nine readings; truncated: no whole header")
  func wrongSamples() {
    var nine = [UInt8](repeating: 0, count: 16 + 36)
    nine[4] = 9
    #expect(throws: RPMsgServiceError.valueOutOfRange(offset: 4, value: 9, limit: 8)) {
      try SensorSample(decoding: nine.span.bytes)
    }
    let short = [UInt8](repeating: 0, count: 15)
    #expect(throws: RPMsgServiceError.truncated(needed: 16, available: 15)) {
      try SensorSample(decoding: short.span.bytes)
    }
  }
}

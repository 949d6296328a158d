import ExampleRemote
import RPMsgServiceBus
import SampleServices

// Lets firmware multiply two matrices: a call with a deadline, typed on both sides.
let remote = try ExampleRemote()
defer { try? remote.shutdown() }
guard let channel = try await remote.channel(MatrixService.name) else {
  fatalError("the image has no service \(MatrixService.name)")
}
let client = try RPMsgServiceClient<MatrixService>(opening: channel)

var left = Matrix(size: 3)
var right = Matrix(size: 3)
for row in 0..<3 {
  for column in 0..<3 {
    left[row, column] = .random(in: 0...9)
    right[row, column] = .random(in: 0...9)
  }
}

let product = try await client.call(MatrixPair(left, right), within: .seconds(1))
for row in 0..<3 {
  let texts = [left, right, product].map { matrix in
    (0..<3).map { String(matrix[row, $0]) }.joined(separator: "\t")
  }
  print("| \(texts[0]) |\t| \(texts[1]) |\t| \(texts[2]) |")
}

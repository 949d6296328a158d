import BoardSupport
import RPMsg
import RPMsgServices
import SampleServices
import WireTypes

/// Multiplies matrices, for clients of two kinds.
///
/// `matrix-multiply` is a typed service; `rpmsg-openamp-demo-channel` takes two matrices without a
/// frame and gives one, as open-amp's demo does, and ends with exit code 0 when it is told to.
@main
struct MatrixFirmware {
  static func main() {
    var remote = Remote(image: "matrix", wait: .interrupt)
    let typed = remote.announce("matrix-multiply")
    let plain = remote.announce("rpmsg-openamp-demo-channel")
    var server = RPMsgServiceServer<MatrixService>()
    var isOver = false
    while !isOver {
      remote.handleMessages { header, payload, transmitter in
        if header.destination == typed {
          return server.serve(header, payload, by: &transmitter) { $0.product }
        }
        if PlainMatrixService.isShutdown(payload) { isOver = true }
        return Self.answer(payload, from: plain, to: header.source, by: &transmitter)
      }
    }
    while !remote.withdraw(plain) { remote.handleMessages { _, _, _ in .done } }
    Trace.line("matrix: \(server.answeredCount) typed requests, goodbye!")
    Core.exit(0)
  }

  /// Answers two matrices with their product, and anything else with nothing, as the demo does.
  private static func answer(
    _ payload: RawSpan, from address: EndpointAddress, to client: EndpointAddress,
    by transmitter: inout Remote.Transmitter
  ) -> RPMsgVerdict {
    let product: Matrix
    do throws(RPMsgServiceError) {
      product = try MatrixPair(decoding: payload).product
    } catch {
      // A client's empty message, by which it makes itself known, is one of them.
      if payload.byteCount > 4 {
        Trace.line("matrix: \(UInt32(truncatingIfNeeded: payload.byteCount)) bytes are no matrices")
      }
      return .done
    }
    var bytes = InlineArray<148, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    // SAFETY: every bit pattern is a valid byte.
    var buffer = unsafe span.mutableBytes
    product.encode(into: &buffer)
    do throws(RPMsgError) {
      // SAFETY: bytes have no padding.
      try unsafe transmitter.enqueue(bytes.span.bytes, from: address, to: client)
    } catch { return error == .noBuffer ? .retry : .done }
    return .done
  }
}

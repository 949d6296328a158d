import BoardSupport
import RPMsg

/// Announces `rpmsg-client-sample` and answers the sample driver's "hello world!" a hundred times.
///
/// Then it says goodbye: it withdraws the name, traces, and ends with exit code 0.
@main
struct SampleClientFirmware {
  private static let messageLimit: UInt32 = 100

  static func main() {
    var remote = Remote(image: "sample client", wait: .interrupt)
    let address = remote.announce("rpmsg-client-sample")
    var count: UInt32 = 0
    while count < messageLimit {
      remote.handleMessages { header, _, transmitter in
        guard Self.sendHello(from: address, to: header.source, by: &transmitter) else {
          return .retry
        }
        if count == 0 { Trace.line("sample client: the host is at \(hex: header.source.rawValue)") }
        count += 1
        return .done
      }
    }
    // The host owes us the buffers of the last answers.
    while !remote.withdraw(address) { remote.handleMessages { _, _, _ in .done } }
    Trace.line("sample client: \(count) messages answered, goodbye!")
    Core.exit(0)
  }

  private static func sendHello(
    from address: EndpointAddress, to peer: EndpointAddress,
    by transmitter: inout Remote.Transmitter
  ) -> Bool {
    let text: StaticString = "hello world!"
    // SAFETY: the text of a static string lives for ever.
    let bytes = unsafe UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    do throws(RPMsgError) {
      unsafe try transmitter.enqueue(bytes.bytes, from: address, to: peer)
    } catch { return error != .noBuffer }
    return true
  }
}

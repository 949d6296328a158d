import RPMsg

/// Returns every message to its sender, for ever.
public enum EchoService {
  /// Runs the service as image `name`, and waits for the host in the way of `wait`.
  public static func run(image name: StaticString, wait: Core.Wait) -> Never {
    var remote = Remote(image: name, wait: wait)
    let address = remote.announce("rpmsg-echo")
    while true {
      remote.handleMessages { header, payload, transmitter in
        do throws(RPMsgError) {
          try transmitter.enqueue(payload, from: address, to: header.source)
          return .done
        } catch .noBuffer {
          return .retry
        } catch {
          Trace.line("\(name): no answer to a message of \(UInt32(header.byteCount)) bytes")
          return .done
        }
      }
    }
  }
}

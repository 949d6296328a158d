import RPMsg

/// Returns every message to its sender, for ever.
public enum EchoService {
  /// Runs the service as image `name` on `remote`, which is up.
  public static func run(_ remote: consuming Remote, image name: StaticString) -> Never {
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

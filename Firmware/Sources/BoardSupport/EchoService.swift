import RPMsg

/// Returns every message to its sender, for ever.
public enum EchoService {
  /// Runs the service as image `name`, by its resource table, and waits for the host in the way of
  /// `wait`.
  public static func run(
    image name: StaticString, wait: Core.Wait, table: Remote.Table = .standard
  ) -> Never {
    var remote = Remote(image: name, wait: wait, table: table)
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

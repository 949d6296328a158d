import BoardSupport

/// Announces `rpmsg-echo` and returns every message, by a resource table of version 0.
@main
struct EchoRecordsFirmware {
  static func main() {
    EchoService.run(Remote(recordsOf: "echo-v0", wait: .interrupt), image: "echo-v0")
  }
}

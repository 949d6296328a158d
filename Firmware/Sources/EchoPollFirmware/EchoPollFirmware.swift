import BoardSupport

/// Announces `rpmsg-echo` and returns every message; polls the doorbell, without interrupts.
@main
struct EchoPollFirmware {
  static func main() {
    EchoService.run(Remote(image: "echo-poll", wait: .polling), image: "echo-poll")
  }
}

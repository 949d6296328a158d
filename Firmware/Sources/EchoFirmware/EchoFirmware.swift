import BoardSupport

/// Announces `rpmsg-echo` and returns every message; sleeps in WFI.
@main
struct EchoFirmware {
  static func main() {
    EchoService.run(Remote(image: "echo", wait: .interrupt), image: "echo")
  }
}

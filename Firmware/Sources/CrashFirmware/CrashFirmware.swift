import BoardSupport
import RPMsg
import WireTypes

/// Announces `rpmsg-crash` and misbehaves in the way a message asks for.
///
/// | Message           | What happens                                              |
/// |-------------------|-----------------------------------------------------------|
/// | `wild`            | a store through a wild pointer                            |
/// | `illegal`         | an illegal instruction                                    |
/// | `fatal`           | fatal code 0xC0DE through the doorbell                    |
/// | `loop`            | an endless loop, which ends when the watchdog expires     |
/// | `ignore-requests` | what the host asks for from now on is never answered      |
/// | `refuse-requests` | what the host asks for from now on is refused             |
///
/// Any other message is traced and has no effect.
@main
struct CrashFirmware {
  static func main() {
    var remote = Remote(image: "crash", wait: .interrupt)
    _ = remote.announce("rpmsg-crash")
    while true {
      remote.handleMessages { _, payload, _ in
        Self.obey(payload)
        return .done
      }
    }
  }

  private static func obey(_ payload: RawSpan) {
    if matches(payload, "wild") {
      Trace.line("crash: storing through a wild pointer")
      Misbehaviour.storeThroughWildPointer()
    } else if matches(payload, "illegal") {
      Trace.line("crash: running an illegal instruction")
      Misbehaviour.runIllegalInstruction()
    } else if matches(payload, "fatal") {
      Trace.line("crash: reporting a fatal error")
      Core.fail(0xc0de)
    } else if matches(payload, "loop") {
      Trace.line("crash: looping for ever")
      Misbehaviour.loopForever()
    } else if matches(payload, "ignore-requests") {
      Trace.line("crash: ignoring requests")
      RequestService.mode = .ignore
    } else if matches(payload, "refuse-requests") {
      Trace.line("crash: refusing requests")
      RequestService.mode = .refuse
    } else {
      Trace.line("crash: ignoring a message of \(UInt32(payload.byteCount)) bytes")
    }
  }

  private static func matches(_ payload: RawSpan, _ text: StaticString) -> Bool {
    guard payload.byteCount == text.utf8CodeUnitCount else { return false }
    for index in 0..<payload.byteCount {
      // SAFETY: `index` is below the number of code units.
      let wanted = unsafe text.utf8Start[index]
      if payload.littleEndian(at: index, as: UInt8.self) != wanted { return false }
    }
    return true
  }
}

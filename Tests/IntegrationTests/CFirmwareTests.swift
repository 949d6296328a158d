import ELF
import Foundation
import RPMsgBus
import Remoteproc
import RprocCommands
import Scheduling
import Testing
import WireTypes

/// Firmware that shares no code with the host: another language, compiler and remote side.
@Suite(
  "C firmware on the simulator",
  .enabled(if: CFirmware.compiler != nil, "riscv64-unknown-elf-gcc is not installed"))
struct CFirmwareTests {
  private static let layouts: [[String]] = [
    [], ["FIXED_RINGS"], ["SCRIBBLE_RESERVED"], ["FIXED_RINGS", "SCRIBBLE_RESERVED"],
    ["ADJACENT_RINGS"], ["NO_CARVEOUT"],
  ]

  @Test("A hundred messages of 0 to 496 bytes come back whole", arguments: layouts)
  func echo(switches: [String]) throws {
    let image = try CFirmware.image(switches)
    for profile in CompatibilityProfile.allCases {
      // Linux gives whole pages to rings, of which two do not fit here.
      if profile == .linux, switches == ["ADJACENT_RINGS"] { continue }
      let firmware = try RunningFirmware(image: image)
      try firmware.boot(profile: profile)
      let answers = Answers()
      let log = firmware.log
      let endpoint = try firmware.channel().open { _, _, payload in
        answers.add(payload.withUnsafeBytes { unsafe [UInt8]($0) })
        log.countAnswer()
      }
      #expect(endpoint.maximumByteCount == 496)
      let messages = (0..<100).map { number in
        (0..<(number * 496 / 99)).map { UInt8(truncatingIfNeeded: $0 * 7 + number) }
      }
      for message in messages { try endpoint.send(message.span.bytes) }
      try firmware.log.wait { $0.answerCount >= 100 }
      #expect(answers.all == messages, "\(switches) \(profile)")
      #expect(firmware.trace == "c echo is up\n")
      try firmware.shutdown()
    }
  }

  @Test("A handler that spins for ever is a crash at the instruction that led to it")
  func wildPointer() throws {
    let firmware = try RunningFirmware(image: CFirmware.image(["WILD_POINTER"]))
    try firmware.boot()
    let endpoint = try firmware.channel().open { _, _, _ in }
    try endpoint.send([1, 2, 3].span.bytes)
    try firmware.log.wait { $0.crash != nil }
    let crash = try #require(firmware.log.crash)
    #expect(crash.kind == .busFault)
    #expect(crash.address == DeviceAddress(rawValue: 0x4000_0000))
    let pc = try #require(crash.pc)
    // Not the handler: the function with the wild pointer.
    #expect(try firmware.firmware.file.symbol(nearestBelow: pc)?.name == "serve")
    try firmware.shutdown()
  }

  @Test("A device that nobody sets up ends in a timeout, and nothing hangs")
  func noVirtio() throws {
    let file = NSTemporaryDirectory() + "c-firmware-\(UUID().uuidString).elf"
    try CFirmware.build(["NO_VIRTIO"], to: file)
    defer { unlink(file) }
    let null = open("/dev/null", O_WRONLY)
    defer { close(null) }
    let context = CommandContext(output: null, errors: null, environment: [:])
    #expect(RprocTool.run(["ping", file, "--timeout", "0.2"], context: context) == 75)
    #expect(RprocTool.run(["run", file, "--timeout", "0.2"], context: context) == 75)
  }
}

/// Messages that came back, in order.
private final class Answers: Sendable {
  private let messages = Guarded<[[UInt8]]>([])

  var all: [[UInt8]] { messages.withLock { $0 } }

  func add(_ message: [UInt8]) { messages.withLock { $0.append(message) } }
}

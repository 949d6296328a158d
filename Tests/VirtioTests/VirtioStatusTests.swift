import SharedMemory
import TestSupport
import Testing
import Virtio

@Suite("Virtio status and features")
struct VirtioStatusTests {
  @Test(
    "Legal changes",
    arguments: [
      (0, 1), (1, 3), (3, 7), (0, 3), (3, 0x0b), (0x0b, 0x0f), (7, 0), (0x83, 0), (3, 0x83),
      (7, 0x47), (1, 1), (0, 0x80), (0x47, 0xc7),
    ] as [(UInt8, UInt8)])
  func legal(from: UInt8, to: UInt8) {
    #expect(VirtioStatus(rawValue: from).mayBecome(VirtioStatus(rawValue: to)))
  }

  @Test(
    "Illegal changes: bits taken away, built on nothing, or after failure",
    arguments: [
      (3, 1), (7, 3), (0, 2), (0, 4), (1, 5), (1, 9), (0x83, 0x87), (0x80, 0x81), (0x47, 7),
    ] as [(UInt8, UInt8)])
  func illegal(from: UInt8, to: UInt8) throws {
    let old = VirtioStatus(rawValue: from)
    let new = VirtioStatus(rawValue: to)
    #expect(!old.mayBecome(new))
    let window = try SharedRegion(byteCount: 4096).window
    window.store(from, at: 20)
    let entry = try VirtioDeviceEntry(memory: window, offset: 0)
    #expect(throws: VirtioError.illegalStatusChange(from: old, to: new)) {
      try entry.setStatus(new, from: old)
    }
    #expect(entry.status == old, "nothing was written")
  }

  @Test("What is negotiated was offered and is supported", arguments: 1...50 as ClosedRange<UInt64>)
  func negotiation(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let offered = VirtioFeatures(rawValue: random.next())
    let supported = VirtioFeatures(rawValue: random.next())
    let accepted = VirtioFeatures.negotiated(offered: offered, supported: supported)
    #expect(accepted.isSubset(of: offered) && accepted.isSubset(of: supported), "seed \(seed)")
    #expect(offered.intersection(supported) == accepted, "seed \(seed)")
  }

  @Test("Feature bits are where peers expect them")
  func bits() {
    #expect(VirtioFeatures.nameService.rawValue == 1)
    #expect(VirtioFeatures.indirectDescriptors.rawValue == 0x1000_0000)
    #expect(VirtioFeatures.eventIndex.rawValue == 0x2000_0000)
    #expect(VirtioFeatures.version1.rawValue == 0x1_0000_0000)
    #expect(VirtioDeviceID.rpmsg.rawValue == 7 && VirtioDeviceID.remoteSerial.rawValue == 11)
  }
}

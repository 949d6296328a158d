import RPMsg
import Testing
import Virtio

@Suite("Named profiles of peers")
struct ProfileTests {
  @Test("Each profile is found by its name, and by nothing else")
  func names() {
    #expect(
      RPMsgProfile.allCases.map(\.description) == ["linux", "open-amp", "rpmsg-lite", "nuttx"])
    for profile in RPMsgProfile.allCases {
      #expect(RPMsgProfile(name: profile.description) == profile)
    }
    for name in ["", "Linux", "open-amp ", "openamp", "zephyr"] {
      #expect(RPMsgProfile(name: name) == nil)
    }
  }

  @Test("Bit 1 is the buffer size for Linux alone, bit 2 for NuttX alone")
  func bufferSizeFeature() {
    #expect(RPMsgProfile.linux.bufferSizeFeature?.rawValue == 2)
    #expect(RPMsgProfile.nuttx.bufferSizeFeature?.rawValue == 4)
    #expect(RPMsgProfile.openAMP.bufferSizeFeature == nil)
    #expect(RPMsgProfile.rpmsgLite.bufferSizeFeature == nil)
  }

  @Test("Each profile gives meaning to its own feature bits only, and none to those of rings")
  func features() {
    #expect(RPMsgProfile.linux.features.rawValue == 0b0010)
    #expect(RPMsgProfile.nuttx.features.rawValue == 0b1110)
    #expect(RPMsgProfile.openAMP.features.isEmpty)
    #expect(RPMsgProfile.rpmsgLite.features.isEmpty)
    for profile in RPMsgProfile.allCases {
      #expect(
        profile.features.isDisjoint(with: [.nameService, .indirectDescriptors, .eventIndex]))
      if let feature = profile.bufferSizeFeature { #expect(profile.features.contains(feature)) }
    }
  }

  @Test("Only rpmsg-lite comes up by a kick, is silent about consumed buffers, and aligns to 16")
  func rpmsgLite() {
    for profile in RPMsgProfile.allCases {
      let isLite = profile == .rpmsgLite
      #expect(profile.linkUp == (isLite ? .firstKick : .status))
      #expect(profile.kicksForConsumedBuffers == !isLite)
      #expect(profile.ringAlignment == (isLite ? 16 : 4096))
    }
  }

  @Test("Without a choice no bit beyond the name service means anything")
  func standard() {
    #expect(RPMsgProfile.standard.features.isEmpty)
    #expect(RPMsgProfile.standard.linkUp == .status)
  }
}

import ArgumentParser
import RPMsg

/// The profile of the peer, as users name it.
enum PeerProfileArgument {
  /// What the help of each such option says.
  static let help = ArgumentHelp(
    "What the firmware means by feature bits that no standard settles: linux, open-amp, "
      + "rpmsg-lite or nuttx.", valueName: "peer")

  /// The profile that is called `name`.
  static func profile(named name: String) throws -> RPMsgProfile {
    guard let profile = RPMsgProfile(name: name) else {
      throw ValidationError(
        "--profile is one of \(RPMsgProfile.allCases.map(\.description).joined(separator: ", "))")
    }
    return profile
  }
}

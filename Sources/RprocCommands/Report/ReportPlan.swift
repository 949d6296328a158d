package import Remoteproc

/// What happens in a run for a report besides one boot and one stop.
package struct ReportPlan: Sendable {
  /// How often the processor is booted before it is described, and stopped after.
  package var userCount: UInt32
  /// A crash that is reported after the boot, and recovered from.
  package var crash: CrashReport?

  /// Makes a plan; without arguments one boot.
  package init(userCount: UInt32 = 1, crash: CrashReport? = nil) {
    self.userCount = userCount
    self.crash = crash
  }
}

import CLinux

/// Which thread runs.
public enum ThreadNumber {
  /// A number that no other living thread of this process has; never 0.
  public static var current: UInt { UInt(rproc_thread()) }
}

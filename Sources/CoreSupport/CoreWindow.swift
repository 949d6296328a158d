public import SharedMemory
public import WireTypes

/// Memory that a core sees, and what its program may do with it.
public struct CoreWindow: Sendable {
  /// The first address; a multiple of four.
  public let base: DeviceAddress
  /// The bytes; a multiple of four, aligned to four.
  public let window: SharedWindow
  /// What the program may do there.
  public let permissions: MemoryPermissions

  /// Makes a description, checked when a core is given it.
  public init(base: DeviceAddress, window: SharedWindow, permissions: MemoryPermissions = .all) {
    self.base = base
    self.window = window
    self.permissions = permissions
  }
}

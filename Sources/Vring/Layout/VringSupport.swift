/// Features of rings that are compiled in.
///
/// All of them are on the host. Firmware that agrees to one is compiled with its condition, such as
/// by `-D VRING_EVENT_INDEX` in its toolset; other firmware carries no code for it.
@usableFromInline
enum VringSupport {
  /// Notifications by index.
  @inlinable
  static var hasEventIndex: Bool {
    #if !hasFeature(Embedded) || VRING_EVENT_INDEX
    true
    #else
    false
    #endif
  }

  /// Tables of descriptors, in the device role.
  @inlinable
  static var hasIndirectDescriptors: Bool {
    #if !hasFeature(Embedded) || VRING_INDIRECT_DESCRIPTORS
    true
    #else
    false
    #endif
  }
}

/// A rule that the default profile enforces and Linux does not.
///
/// `Documentation/Compatibility.md` gives the reason for each. Rules that keep every access inside
/// the image, the table and the memory are not in this list: they hold in every profile.
public enum CompatibilityRule: String, CaseIterable, Sendable {
  /// Versions, type and header sizes of the image are right.
  case imageIdentification
  /// The image is for the machine of the platform.
  case imageMachine
  /// Segments end inside the address space of their class and do not share memory.
  case segmentPlacement
  /// A segment's address counts with all its bits, not only the low 32.
  case segmentAddressWidth
  /// Execution starts in a loaded executable segment, aligned.
  case entryPoint
  /// Every named section is looked at, one resource table at most, with bytes in the file.
  case tableSection
  /// No bytes of a table belong to two of its parts, and the format is told from the bytes.
  case tableLayout
  /// The remote sees the table when there are virtio devices, whose status it must follow.
  case tableVisible
  /// The name of a carveout is text.
  case carveoutName
  /// Carveouts and traces end inside 32 bits of device address.
  case resourceExtent
  /// Memory with a fixed device address lies at that address.
  case fixedAddress
  /// Carveouts, rings, segments and the table do not share memory.
  case resourceOverlap
  /// Ring sizes are powers of two up to 32,768.
  case ringSize
  /// Ring alignments are powers of two from 4 up, and a fixed ring starts at 16 bytes.
  case ringAlignment
  /// A ring fits the carveout that is named for it.
  case ringCarveout
  /// Message buffers fit the carveout that is named for them, and can be had.
  case messageBuffers
  /// A trace lies in memory the host can read, and is not empty.
  case traceVisible
  /// At most as many virtio devices as the policy allows.
  case deviceCount
}

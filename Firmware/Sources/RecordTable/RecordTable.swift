// A static initialiser in a section may hold integers and tuples of integers alone, so the words
// are spelled out. Names are four bytes to a word, first byte lowest.

/// Half a record: type, id, da low and high, pa low and high, len, flags and four words reserved;
/// or the name.
typealias RecordHalf = (
  UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32
)

/// Carveout, trace buffer, device and two vrings, two halves each.
typealias RecordTableWords =
  (
    RecordHalf, RecordHalf, RecordHalf, RecordHalf, RecordHalf, RecordHalf, RecordHalf, RecordHalf,
    RecordHalf, RecordHalf
  )

#if BOARD_VIRT_RV32
/// A resource table of version 0, as firmware of 2011 had it: carveout, trace buffer, rpmsg device
/// and its two vrings of 64, at addresses that this firmware has chosen.
///
/// The host writes into it where the carveout and the vrings came to lie.
@section(".resource_table")
@used
nonisolated(unsafe) var recordTable: RecordTableWords = (
  // carveout "fw"
  (0, 0, 0x8000_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0, 0),
  (0x0000_7766, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // trace "trace"
  (2, 0, 0x8000_d000, 0, 0, 0, 0x1000, 0, 0, 0, 0, 0),
  (0x6361_7274, 0x0000_0065, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // virtio device "rpmsg": offers the name service; its flags are the device id, 7
  (4, 0, 1, 0, 0, 0, 0, 7, 0, 0, 0, 0),
  (0x736d_7072, 0x0000_0067, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // vrings "vring0" and "vring1"
  (3, 0, 0x8001_0000, 0, 0, 0, 64, 0, 0, 0, 0, 0),
  (0x6e69_7276, 0x0000_3067, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  (3, 1, 0x8001_2000, 0, 0, 0, 64, 0, 0, 0, 0, 0),
  (0x6e69_7276, 0x0000_3167, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
)
#elseif BOARD_VIRT_CM4
/// A resource table of version 0, as firmware of 2011 had it: carveout, trace buffer, rpmsg device
/// and its two vrings of 64, at addresses that this firmware has chosen.
///
/// The host writes into it where the carveout and the vrings came to lie.
@section(".resource_table")
@used
nonisolated(unsafe) var recordTable: RecordTableWords = (
  // carveout "fw"
  (0, 0, 0x2000_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0, 0),
  (0x0000_7766, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // trace "trace"
  (2, 0, 0x2000_d000, 0, 0, 0, 0x1000, 0, 0, 0, 0, 0),
  (0x6361_7274, 0x0000_0065, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // virtio device "rpmsg": offers the name service; its flags are the device id, 7
  (4, 0, 1, 0, 0, 0, 0, 7, 0, 0, 0, 0),
  (0x736d_7072, 0x0000_0067, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // vrings "vring0" and "vring1"
  (3, 0, 0x2001_0000, 0, 0, 0, 64, 0, 0, 0, 0, 0),
  (0x6e69_7276, 0x0000_3067, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  (3, 1, 0x2001_2000, 0, 0, 0, 64, 0, 0, 0, 0, 0),
  (0x6e69_7276, 0x0000_3167, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
)
#endif

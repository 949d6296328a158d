// A static initialiser in a section may hold integers and tuples of integers alone, so the words
// are spelled out. Names are four bytes to a word, first byte lowest.

/// A table with two carveouts, a trace buffer and an rpmsg device with two vrings.
typealias LargeTableWords =
  (
    (UInt32, UInt32, UInt32, UInt32), (UInt32, UInt32, UInt32, UInt32),
    // carveout: type, da, pa, len, flags, reserved, name
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    // trace: type, da, len, reserved, name
    (UInt32, UInt32, UInt32, UInt32),
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    // vdev: type, id, notifyid, dfeatures, gfeatures, config_len, status and num_of_vrings
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32),
    // vrings: da, align, num, notifyid, pa
    (UInt32, UInt32, UInt32, UInt32, UInt32), (UInt32, UInt32, UInt32, UInt32, UInt32)
  )

#if BOARD_VIRT_RV32
/// The resource table of images with memory for large messages, version 1.
///
/// The host writes the da and notify ids of the vrings, its features and the status into it.
@section(".resource_table")
@used
nonisolated(unsafe) var largeTable: LargeTableWords = (
  (1, 4, 0, 0), (32, 88, 144, 192),
  (0, 0x8000_0000, 0x8000_0000, 0x1_0000, 0, 0),
  (0x0000_7766, 0, 0, 0, 0, 0, 0, 0),
  (0, 0x8010_0000, 0x8010_0000, 0x10_0000, 0, 0),
  (0x6772_616c, 0x0000_0065, 0, 0, 0, 0, 0, 0),
  (2, 0x8000_d000, 0x1000, 0),
  (0x6361_7274, 0x0000_0065, 0, 0, 0, 0, 0, 0),
  (3, 7, 0, 1, 0, 0, 0x0000_0200),
  (0xffff_ffff, 16, 64, 0, 0), (0xffff_ffff, 16, 64, 1, 0)
)
#elseif BOARD_VIRT_CM4
/// The resource table of images with memory for large messages, version 1.
///
/// The host writes the da and notify ids of the vrings, its features and the status into it.
@section(".resource_table")
@used
nonisolated(unsafe) var largeTable: LargeTableWords = (
  (1, 4, 0, 0), (32, 88, 144, 192),
  (0, 0x2000_0000, 0x2000_0000, 0x1_0000, 0, 0),
  (0x0000_7766, 0, 0, 0, 0, 0, 0, 0),
  (0, 0x2010_0000, 0x2010_0000, 0x10_0000, 0, 0),
  (0x6772_616c, 0x0000_0065, 0, 0, 0, 0, 0, 0),
  (2, 0x2000_d000, 0x1000, 0),
  (0x6361_7274, 0x0000_0065, 0, 0, 0, 0, 0, 0),
  (3, 7, 0, 1, 0, 0, 0x0000_0200),
  (0xffff_ffff, 16, 64, 0, 0), (0xffff_ffff, 16, 64, 1, 0)
)
#endif

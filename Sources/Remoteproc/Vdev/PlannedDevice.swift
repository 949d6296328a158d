import ResourceTable
import SharedMemory
import Virtio
import WireTypes

/// A virtio device that a table asks for.
struct PlannedDevice {
  /// Whether a driver can use it.
  enum Usability: Equatable {
    case usable
    /// Linux lets its driver come up although the rings make no sense.
    case uselessRings
    /// On Linux the driver fails after it has found this many of its rings.
    case driverFails(foundRings: Int)
  }

  let index: Int
  let id: VirtioDeviceID
  let offeredFeatures: UInt32
  /// The device's entry; in version 0 its record.
  let entry: ResourceTableEntry
  var rings: [PlannedRing] = []
  var usability = Usability.usable

  /// The name of the memory for ring `vring` of device `device`.
  static func ringName(_ device: Int, _ vring: Int) -> WireName {
    WireName("vdev\(device)vring\(vring)" as String)
  }

  /// The name of the memory for message buffers.
  var bufferName: WireName { WireName("vdev\(index)buffer" as String) }

  /// Bytes of message buffers that the rpmsg driver wants: twice 512 for each descriptor of the
  /// first ring, of 256 at most.
  ///
  /// Source: practice (Linux, open-amp).
  var bufferByteCount: UInt64 {
    guard id == .rpmsg else { return 0 }
    let count = rings.first.map { min($0.resource.count, 256) } ?? 0
    return 2 * 512 * UInt64(count)
  }

  /// Bytes of a carveout that Linux can give to message buffers: the largest power of two of pages.
  func linuxBufferByteCount(in carveout: Carveout) -> UInt64 {
    var pages = carveout.byteCount / DeviceMemoryPool.pageByteCount
    while pages.nonzeroBitCount > 1 { pages &= pages - 1 }
    return pages * DeviceMemoryPool.pageByteCount
  }

  /// Rings whose address the driver writes into the table, and where.
  var foundRings: [(ring: PlannedRing, fields: VringFields)] {
    var count = rings.count
    if case .driverFails(let found) = usability { count = found }
    return rings.prefix(count).compactMap { ring in ring.fields.map { (ring, $0) } }
  }

  /// The fields of the ring that the driver could not set up; Linux takes back its notify id.
  var failedRing: VringFields? {
    guard case .driverFails(let found) = usability, found < rings.count else { return nil }
    return rings[found].fields
  }

  /// An entry of the host's own in the layout of version 1, for a device of version 0.
  func privateEntry() throws(RemoteprocError) -> (window: SharedWindow, offset: Int) {
    var builder = ResourceTableBuilder()
    let vdev = VdevResource(deviceID: id.rawValue, deviceFeatures: offeredFeatures)
    builder.add(.vdev(vdev, vrings: rings.map(\.resource), config: []))
    let bytes: [UInt8]
    do throws(ResourceTableError) { bytes = try builder.build() } catch { throw .table(error) }
    let window = try PublishedTable.privateWindow(byteCount: bytes.count)
    window.write(bytes[...], at: 0)
    // Header, one offset, and the entry's type come before the device.
    return (window, 16 + 4 + 4)
  }
}

/// One ring of a planned device.
struct PlannedRing {
  let resource: VringResource
  /// Index of its memory in the plan.
  let memory: Int
  let notifyID: NotifyID
  /// Where the table wants to read what was given; `nil` when nobody tells the remote.
  let fields: VringFields?
}

/// Sizes of rings whose numbers may make no sense.
enum RingSize {
  /// The most descriptors for which Linux finds memory to remember them: 16 bytes each, 4 MiB.
  ///
  /// Source: [LINUX-6.1] virtio, the largest `kmalloc`.
  static let maximumLinuxCount: UInt32 = 1 << 18

  /// Where Linux puts the end of the used part of a ring that lies at `pa`, in bytes from there.
  ///
  /// It rounds the address, not the offset, to the alignment; the two differ when the alignment is
  /// no power of two. `nil`: higher bits of the address count, which nobody can foretell.
  static func linuxEnd(count: UInt32, alignment: UInt32, at pa: PhysicalAddress) -> UInt64? {
    let mask = UInt64(alignment) &- 1
    // Linux maps a pool at a multiple of its size, which is at least this.
    let known: UInt64 = (1 << 24) - 1
    guard alignment > 0, alignment.nonzeroBitCount == 1 || mask <= known else { return nil }
    let n = UInt64(count)
    let base = pa.rawValue & known
    // All sums stay below 2^38.
    let used = ((base + 18 * n + 6 + mask) & ~mask)
    return used < base ? nil : used - base + 6 + 8 * n
  }

  /// Bytes of a ring, without wrapping; `nil` for an alignment of 0.
  static func byteCount(count: UInt32, alignment: UInt32) -> UInt64? {
    guard alignment > 0 else { return nil }
    let n = UInt64(count)
    let mask = UInt64(alignment) - 1
    // All sums stay below 2^38.
    return ((16 * n + 2 * (3 + n) + mask) & ~mask) + 6 + 8 * n
  }

  /// What Linux allocates: 32 bits of that, rounded up to pages, again in 32 bits.
  static func allocatedByteCount(_ byteCount: UInt64) -> UInt64 {
    UInt64((UInt32(truncatingIfNeeded: byteCount) &+ 4095) & ~4095)
  }
}

public import SharedMemory
public import Synchronization
public import WireTypes

/// The driver role of one split virtqueue: lends buffers to the device and takes them back.
///
/// Everything the driver decides by is private: for each descriptor its address, byte count and
/// whether it is lent, and the list of free ones. Shared memory is written, and read only where the
/// device writes: the used ring. A device that breaks the protocol there breaks the ring for good;
/// ``broken`` says why.
///
/// One owner, no locks. Heads are descriptor numbers in `0..<queueSize`. Indices wrap at 2^16.
/// Source: [VIRTIO-1.2] §2.7.
public struct VringDriver<Memory: ForeignMemory>: ~Copyable, Sendable {
  /// What to do when the device claims more bytes than a buffer has.
  @frozen
  public enum UsedLengthRule: Equatable, Sendable {
    /// The ring breaks.
    case strict
    /// The length counts as that of the buffer. Source: practice (legacy devices).
    case clamp
  }

  /// Who has a descriptor.
  @usableFromInline
  enum State: UInt8, Sendable {
    case free, reserved, added, lent
  }

  /// What the descriptor table holds, as far as we wrote it.
  @usableFromInline
  struct Shadow: Sendable {
    @usableFromInline var address: UInt64 = 0
    @usableFromInline var byteCount: UInt32 = 0
    @usableFromInline var flags: UInt16 = 0
    @usableFromInline var state = State.free

    @inlinable
    init() {}
  }

  /// Where the parts of the ring lie.
  public let layout: VringLayout
  /// Why the ring no longer works, or `nil` while it does.
  public internal(set) var broken: VringBreakage?

  @usableFromInline let memory: Memory
  @usableFromInline let fields: VringFields
  @usableFromInline let lengthRule: UsedLengthRule
  @usableFromInline let usesEventIndex: Bool
  @usableFromInline var shadow: PrivateArray<Shadow>
  @usableFromInline var availableShadow: PrivateArray<UInt16>
  /// Free heads in the order they became free: a ring between two counts.
  @usableFromInline var freeHeads: PrivateArray<UInt16>
  @usableFromInline var freeTaken: UInt16 = 0
  @usableFromInline var freeGiven: UInt16
  /// Index after the last entry added to the available ring, published or not.
  @usableFromInline var nextAvailable: UInt16 = 0
  /// The available index the device sees.
  @usableFromInline var published: UInt16 = 0
  /// Index after the last used entry taken.
  @usableFromInline var consumed: UInt16 = 0
  /// The used index as last read; checked against what was lent.
  @usableFromInline var usedSeen: UInt16 = 0
  @usableFromInline var availableFlags: UInt16 = 0

  /// Makes an empty ring in `memory`, whose bytes are set to zero.
  ///
  /// At most `bufferLimit` descriptors are ever handed out, heads `0..<bufferLimit`. With
  /// `usesEventIndex` notifications are asked for by index, which both sides must have agreed on.
  ///
  /// - Precondition: `1 <= bufferLimit`.
  /// - Throws: ``VringError/ringMemoryTooSmall(needed:available:)`` or
  ///   ``VringError/misalignedRing(alignment:)``.
  public init(
    memory: Memory, layout: VringLayout, bufferLimit: Int = VringLayout.maximumQueueSize,
    usedLengthRule: UsedLengthRule = .strict, usesEventIndex: Bool = false
  ) throws(VringError) {
    precondition(bufferLimit >= 1, "a ring without buffers")
    try layout.check(memory)
    self.memory = memory
    self.layout = layout
    fields = VringFields(layout)
    lengthRule = usedLengthRule
    self.usesEventIndex = usesEventIndex
    let count = layout.queueSize
    shadow = PrivateArray(repeating: Shadow(), count: count)
    availableShadow = PrivateArray(repeating: 0, count: count)
    freeHeads = PrivateArray(repeating: 0, count: count)
    let usable = min(bufferLimit, count)
    freeGiven = UInt16(truncatingIfNeeded: usable)
    for head in 0..<usable { freeHeads[head] = UInt16(truncatingIfNeeded: head) }
    memory.fill(from: 0, count: layout.byteCount, with: 0)
  }

  /// Descriptors that can be reserved now.
  @inlinable
  public var freeCount: Int { Int(freeGiven &- freeTaken) }

  /// Buffers added that ``publish()`` has not shown yet.
  @inlinable
  public var unpublishedCount: Int { Int(nextAvailable &- published) }

  /// Buffers the device holds.
  @inlinable
  public var lentCount: Int { Int(published &- consumed) }
}

// Buffers on their way to the device.
extension VringDriver {
  /// Takes the descriptor that has been free longest, or `nil` when none is free.
  ///
  /// - Throws: ``VringError/broken(_:)``.
  @inlinable
  public mutating func reserve() throws(VringError) -> UInt16? {
    if let broken { throw .broken(broken) }
    guard freeTaken != freeGiven else { return nil }
    let head = freeHeads[Int(freeTaken & fields.mask)]
    freeTaken &+= 1
    shadow[Int(head)].state = .reserved
    return head
  }

  /// Makes a reserved descriptor free again.
  ///
  /// - Precondition: `head` is reserved.
  @inlinable
  public mutating func release(_ head: UInt16) {
    precondition(shadow[Int(head)].state == .reserved, "descriptor is not reserved")
    shadow[Int(head)].state = .free
    freeHeads[Int(freeGiven & fields.mask)] = head
    freeGiven &+= 1
  }

  /// Puts a buffer into the available ring; the device sees it after ``publish()``.
  ///
  /// Only what differs from the last use of the descriptor and the ring entry is written.
  ///
  /// - Precondition: `head` is reserved.
  @inlinable
  public mutating func add(
    _ head: UInt16, address: DeviceAddress, byteCount: UInt32, direction: BufferDirection
  ) {
    let index = Int(head)
    var entry = shadow[index]
    precondition(entry.state == .reserved, "descriptor is not reserved")
    let offset = index &* 16
    if entry.address != address.rawValue { memory.store(address.rawValue, at: offset) }
    if entry.byteCount != byteCount { memory.store(byteCount, at: offset &+ 8) }
    if entry.flags != direction.flags { memory.store(direction.flags, at: offset &+ 12) }
    entry.address = address.rawValue
    entry.byteCount = byteCount
    entry.flags = direction.flags
    entry.state = .added
    shadow[index] = entry
    let slot = Int(nextAvailable & fields.mask)
    if availableShadow[slot] != head {
      availableShadow[slot] = head
      memory.store(head, at: fields.availableRing &+ 2 &* slot)
    }
    nextAvailable &+= 1
  }

  /// Shows the device all buffers added since the last call; `true`: it wants to be kicked.
  @inlinable
  public mutating func publish() -> Bool {
    guard broken == nil, published != nextAvailable else { return false }
    let old = published
    while published != nextAvailable {
      shadow[Int(availableShadow[Int(published & fields.mask)])].state = .lent
      published &+= 1
    }
    // ORDERING: descriptors and ring entries are visible before the index that covers them.
    memory.storeReleasing(published, at: fields.availableIndex)
    // ORDERING: the index is visible before the flag is read. A device that turns notifications on
    // and then reads the index either sees ours, or we see its flag. [VIRTIO-1.2] §2.7.13.4.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard usesEventIndex else {
      return memory.loadUInt16(at: fields.usedFlags) & VringFields.noNotify == 0
    }
    let event = memory.loadUInt16(at: fields.availableEvent)
    return VringFields.hasPassed(event: event, from: old, to: published)
  }
}

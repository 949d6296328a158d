#if !hasFeature(Embedded)
// Where the parts of an entry lie, for whoever has to name the bytes.
extension ResourceTableEntry {
  /// A part of an entry of either version.
  public enum Field: CaseIterable, Equatable, Sendable {
    /// What the entry is.
    case type
    /// Which of several of its kind it is; version 0 only.
    case id
    /// The device address.
    case da
    /// The physical address.
    case pa
    /// Bytes of memory; the number of buffers of a vring of version 0.
    case byteCount
    /// Protection of the mapping.
    case flags
    /// What must be zero.
    case reserved
    /// The name.
    case name
    /// What kind of device it is.
    case deviceID
    /// The number for changes of the configuration.
    case notifyID
    /// Features that the device offers.
    case deviceFeatures
    /// Features that the driver accepted.
    case driverFeatures
    /// Bytes of configuration space.
    case configByteCount
    /// The device status.
    case status
    /// How many vrings follow.
    case vringCount
  }

  /// A part of one vring of a virtio device of version 1.
  public enum VringField: Int, CaseIterable, Equatable, Sendable {
    /// The device address.
    case da
    /// The alignment.
    case alignment
    /// The number of buffers.
    case count
    /// The number by which the ring is kicked.
    case notifyID
    /// The physical address.
    case pa
  }

  /// The bytes of a table of `version` that hold `field`, or `nil` when the entry has no such
  /// field.
  public func range(of field: Field, version: ResourceTableVersion) -> Range<Int>? {
    let found = version == .v0 ? recordRange(of: field) : entryRange(of: field)
    return found.map { offset + $0.lowerBound..<offset + $0.upperBound }
  }

  /// The bytes of a table that hold `field` of the vring at `index`, or `nil` unless this is a
  /// virtio device of version 1 with that many.
  public func range(of field: VringField, ofVring index: Int) -> Range<Int>? {
    guard case .vdev(let vdev) = resource, index >= 0, index < Int(vdev.vringCount) else {
      return nil
    }
    let fields = VdevFields(of: self, vdev: vdev)
    let start =
      fields.vringsOffset + VringResource.encodedByteCount * index + 4 * field.rawValue
    return start..<start + 4
  }

  private func entryRange(of field: Field) -> Range<Int>? {
    if field == .type { return 0..<4 }
    switch resource {
    case .carveout, .devmem:
      return switch field {
      case .da: 4..<8
      case .pa: 8..<12
      case .byteCount: 12..<16
      case .flags: 16..<20
      case .reserved: 20..<24
      case .name: 24..<56
      default: nil
      }
    case .trace:
      return switch field {
      case .da: 4..<8
      case .byteCount: 8..<12
      case .reserved: 12..<16
      case .name: 16..<48
      default: nil
      }
    case .vdev:
      return switch field {
      case .deviceID: 4..<8
      case .notifyID: 8..<12
      case .deviceFeatures: 12..<16
      case .driverFeatures: 16..<20
      case .configByteCount: 20..<24
      case .status: 24..<25
      case .vringCount: 25..<26
      case .reserved: 26..<28
      default: nil
      }
    case .vringRecord, .vdevRecord, .configRecord, .vendor, .unknown: return nil
    }
  }

  private func recordRange(of field: Field) -> Range<Int>? {
    let isDevice = if case .vdevRecord = resource { true } else { false }
    return switch field {
    case .type: 0..<4
    case .id: 4..<8
    case .da: isDevice ? nil : 8..<16
    case .pa: isDevice ? nil : 16..<24
    case .byteCount: isDevice ? nil : 24..<28
    case .flags: isDevice ? nil : 28..<32
    case .deviceFeatures: isDevice ? 8..<16 : nil
    case .driverFeatures: isDevice ? 16..<24 : nil
    case .status: isDevice ? 24..<28 : nil
    case .deviceID: isDevice ? 28..<32 : nil
    case .reserved: 32..<48
    case .name: 48..<96
    case .notifyID, .configByteCount, .vringCount: nil
    }
  }
}
#endif

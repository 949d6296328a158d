import ResourceTable
import TestSupport
import WireTypes

/// Tables of random content, most of which make sense.
struct RandomTable {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// A table of version 1, now and then with an odd layout.
  mutating func entries() throws -> [UInt8] {
    var builder = ResourceTableBuilder()
    for _ in 0..<Int.random(in: 0...6, using: &generator) {
      builder.add(entry(), at: chance(12) ? Int.random(in: 16...600, using: &generator) : nil)
    }
    var table = try builder.build()
    if chance(6) { table += bytes(1...9) }
    if chance(6), table.count > 40 {
      // Bytes behind names, in padding, in numbers: whatever they mean, they are kept.
      table[Int.random(in: 40..<table.count, using: &generator)] =
        UInt8.random(in: .min ... .max, using: &generator)
    }
    return table
  }

  /// A table of version 0, whose first record shows that.
  mutating func records() -> [UInt8] {
    var records = [ResourceRecord(type: 0, da: 0x8000_0000, count: 0x1000, name: longName())]
    for _ in 0..<Int.random(in: 0...5, using: &generator) {
      records.append(
        ResourceRecord(
          type: UInt32.random(in: 0...5, using: &generator),
          id: UInt32.random(in: 0...2, using: &generator), da: generator.next(),
          pa: generator.next() >> 32, count: word(), flags: word(), name: longName()))
    }
    return ResourceTableBuilder.build(records: records) + (chance(6) ? bytes(1...95) : [])
  }

  private mutating func entry() -> ResourceTableBuilder.Entry {
    switch Int.random(in: 0...5, using: &generator) {
    case 0: .carveout(memory())
    case 1: .devmem(memory())
    case 2: .trace(TraceResource(da: address(), byteCount: word(), name: name()))
    case 3: .raw(type: UInt32.random(in: 4...700, using: &generator), body: bytes(0...40))
    default: device()
    }
  }

  private mutating func device() -> ResourceTableBuilder.Entry {
    var vdev = VdevResource(deviceID: chance(2) ? 7 : word(), deviceFeatures: word())
    vdev.notifyID = NotifyID(rawValue: word())
    vdev.driverFeatures = word()
    vdev.status = UInt8.random(in: .min ... .max, using: &generator)
    let vrings = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
      VringResource(
        da: address(), alignment: word(), count: word(), notifyID: NotifyID(rawValue: word()),
        pa: PhysicalAddress(rawValue: UInt64(word())))
    }
    return .vdev(vdev, vrings: vrings, config: chance(3) ? bytes(0...20) : [])
  }

  private mutating func memory() -> MemoryResource {
    MemoryResource(
      da: address(), pa: PhysicalAddress(rawValue: UInt64(word())), byteCount: word(),
      flags: word(), name: name())
  }

  private mutating func chance(_ count: Int) -> Bool {
    Int.random(in: 0..<count, using: &generator) == 0
  }

  private mutating func word() -> UInt32 {
    switch Int.random(in: 0...4, using: &generator) {
    case 0: 0
    case 1: .max
    case 2: UInt32.random(in: 0...4096, using: &generator)
    case 3: 1 << UInt32.random(in: 0...31, using: &generator)
    default: UInt32.random(in: .min ... .max, using: &generator)
    }
  }

  private mutating func address() -> DeviceAddress? {
    chance(3) ? nil : DeviceAddress(rawValue: UInt64(min(word(), .max - 1)))
  }

  private mutating func bytes(_ counts: ClosedRange<Int>) -> [UInt8] {
    (0..<Int.random(in: counts, using: &generator)).map { _ in
      UInt8.random(in: .min ... .max, using: &generator)
    }
  }

  private mutating func name() -> WireName {
    var name = WireName()
    for (index, byte) in text(32).enumerated() { name.storage[index] = byte }
    return name
  }

  private mutating func longName() -> FixedName<48> {
    var name = FixedName<48>()
    for (index, byte) in text(48).enumerated() { name.storage[index] = byte }
    return name
  }

  /// Printable text, with quotes and such, or now and then any bytes.
  private mutating func text(_ most: Int) -> [UInt8] {
    let isAny = chance(8)
    return (0..<Int.random(in: 0...most, using: &generator)).map { _ in
      UInt8.random(in: isAny ? .min ... .max : 0x20...0x7e, using: &generator)
    }
  }
}

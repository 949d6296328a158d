import ResourceTable
import TestSupport

// Virtio devices, rings and traces. Source: [LINUX-6.1] remoteproc, virtio, rpmsg.
extension LinuxVariant {
  static var devices: [LinuxVariant] {
    [
      device(
        "all features", [VariantImage.vdev(features: .max)],
        .rpmsg {
          $0.changes[3] = .device(1, status: 7, features: 0x3000_0001)
        }),
      device(
        "no feature", [VariantImage.vdev(features: 0)],
        .rpmsg {
          $0.changes[3] = .device(1, status: 7, features: 0)
        }),
      device(
        "the event index alone", [VariantImage.vdev(features: 1 << 29)],
        .rpmsg {
          $0.changes[3] = .device(1, status: 7, features: 1 << 29)
        }),
      LinuxVariant("status and features preset", preset(id: 7), .rpmsg()),
      LinuxVariant(
        "an unknown device keeps what was preset", preset(id: 99),
        .rpmsg {
          $0.status = [1]
          $0.kicks = [:]
          $0.changes[1...] = [.ring(1, 0, id: 0), .ring(1, 1, id: 1), .device(1, status: 1)]
        }),
      device(
        "pa of a ring",
        [VariantImage.vdev([VariantImage.ring(pa: 0x1234), VariantImage.ring(pa: 1)])], .rpmsg()),
      device("a config space", [VariantImage.vdev(config: Array(1...9))], .rpmsg()),
      LinuxVariant("a config space a byte too long", longConfig, .refused("EINVAL")),
      LinuxVariant("reserved bytes of a device", reservedDevice, .refused("EINVAL")),
      device(
        "three rings",
        [VariantImage.vdev([VariantImage.ring(), VariantImage.ring(), VariantImage.ring()])],
        .refused("EINVAL")),
      device("one ring", [VariantImage.vdev([VariantImage.ring()])], .faults),
      device("no ring", [VariantImage.vdev([])], .faults),
      device("one ring of nothing", [VariantImage.vdev([VariantImage.ring(0)])], .plain()),
      device(
        "rings of 1", [VariantImage.vdev([VariantImage.ring(1), VariantImage.ring(1)])], .rpmsg()),
      device(
        "rings of 3", [VariantImage.vdev([VariantImage.ring(3), VariantImage.ring(3)])], .rpmsg()),
      device("alignment 1", odd(1), .rpmsg(onePage)),
      device("alignment 2", odd(2), .rpmsg(onePage)),
      device("alignment 6000", odd(6000), .rpmsg(onePage)),
      device("alignment of all ones", odd(.max), .faults),
      device("alignment of high bits", odd(0xffff_f000), .faults),
      device("alignment 2^31", odd(1 << 31), .refused("ENOMEM")),
      device("alignment 0", odd(0), .plain()),
      device(
        "the first ring of 2^31",
        [VariantImage.vdev([VariantImage.ring(1 << 31), VariantImage.ring()])],
        .rpmsg {
          failing(&$0, [.ring(1, 0, da: 0, id: .max), .ring(1, 1, id: 1)])
        }),
      device(
        "the second ring of 2^31",
        [VariantImage.vdev([VariantImage.ring(), VariantImage.ring(1 << 31)])],
        .rpmsg {
          failing(&$0, [.ring(1, 0, da: 0x6001_0000, id: 0), .ring(1, 1, da: 0, id: .max)])
        }),
      device(
        "a ring of 300,000",
        [VariantImage.vdev([VariantImage.ring(300_000), VariantImage.ring()])],
        .rpmsg {
          $0.carveouts[1...] = [
            "vdev0vring0 60800000 8800000 771000", "vdev0vring1 60010000 8010000 2000",
          ]
          failing(&$0, [.ring(1, 0, da: 0, id: .max), .ring(1, 1, id: 1)])
        }),
      device(
        "a ring of 2^32 - 1", [VariantImage.vdev([VariantImage.ring(.max), VariantImage.ring()])],
        .refused("ENOMEM")),
    ]
  }

  static var carveoutsOfDevices: [LinuxVariant] {
    [
      device(
        "buffers in their carveout",
        [VariantImage.carveout("vdev0buffer", 0x2000), VariantImage.vdev()],
        .rpmsg {
          buffers(&$0, 0x2000)
        }),
      device(
        "a carveout too small for buffers",
        [VariantImage.carveout("vdev0buffer", 0xfff), VariantImage.vdev()],
        .rpmsg {
          buffers(&$0, 0xfff)
          $0.changes[4] = .device(2, status: 0x83, features: 1)
          $0.status = [0x83]
          $0.kicks = [:]
        }),
      device(
        "the first ring counts for buffers",
        [
          VariantImage.carveout("vdev0buffer", 0x1000),
          VariantImage.vdev([VariantImage.ring(), VariantImage.ring(16)]),
        ],
        .rpmsg {
          buffers(&$0, 0x1000)
        }),
      device(
        "the first of two devices is dropped",
        [
          VariantImage.vdev([VariantImage.ring(), VariantImage.ring(0)]), VariantImage.vdev(),
        ],
        .rpmsg {
          $0.carveouts[1...] = [
            "vdev1vring0 60010000 8010000 2000", "vdev1vring1 60012000 8012000 2000",
          ]
          $0.changes[1...] = [
            .ring(2, 0, da: 0x6001_0000, id: 0), .ring(2, 1, da: 0x6001_2000, id: 1),
            .device(2, status: 7, features: 1),
          ]
        }),
      device(
        "the second ring does not fit its carveout",
        [
          VariantImage.carveout("vdev0vring1", 0x1fff), VariantImage.vdev(),
        ],
        .plain {
          $0.carveouts += [
            "vdev0vring1 60010000 8010000 1fff", "vdev0vring0 60012000 8012000 2000",
          ]
          $0.changes += [
            .memory(1, da: 0x6001_0000, pa: 0x0801_0000, byteCount: 0x1fff),
            .ring(2, 0, da: 0, id: .max),
          ]
        }),
      device(
        "a ring inside its carveout, which wraps",
        [
          VariantImage.carveout("vdev0vring0", at: 0xffff_f000, 0x3000),
          VariantImage.vdev([VariantImage.ring(at: 0), VariantImage.ring()]),
        ],
        .rpmsg {
          $0.carveouts[1...] = [
            "vdev0vring0 fffff000 8010000 3000", "vdev0vring1 60014000 8014000 2000",
          ]
          $0.changes[1...] = [
            .memory(1, da: 0xffff_f000, pa: 0x0801_0000, byteCount: 0x3000),
            .ring(2, 0, da: 0xffff_f000, id: 0), .ring(2, 1, da: 0x6001_4000, id: 1),
            .device(2, status: 7, features: 1),
          ]
        }),
    ]
  }

  static var traces: [LinuxVariant] {
    [
      device("a trace nowhere", [VariantImage.trace(at: nil, 16)], .plain { $0.traces = [nil] }),
      device(
        "a trace of code", [VariantImage.trace(at: VariantImage.base + 61, 16)],
        .plain {
          $0.traces = [">?@"]
        }),
      device(
        "an empty trace", [VariantImage.trace(at: VariantImage.base, 0)],
        .plain { $0.traces = [""] }),
      device(
        "an empty trace at the end", [VariantImage.trace(at: VariantImage.base + 0x1_0000, 0)],
        .plain { $0.traces = [""] }),
      device(
        "a trace a byte too long", [VariantImage.trace(at: VariantImage.base + 0xfff1, 16)],
        .plain { $0.traces = [nil] }),
    ]
  }

  private static func device(
    _ name: String, _ entries: [ResourceTableBuilder.Entry], _ expect: Expectation
  ) -> LinuxVariant { LinuxVariant("device: " + name, VariantImage(entries), expect) }

  private static func odd(_ alignment: UInt32) -> [ResourceTableBuilder.Entry] {
    let ring = VariantImage.ring(align: alignment)
    return [VariantImage.vdev([ring, ring])]
  }

  private static func onePage(_ running: inout Running) {
    running.carveouts[1...] = [
      "vdev0vring0 60010000 8010000 1000", "vdev0vring1 60011000 8011000 1000",
    ]
    running.changes[2] = .ring(1, 1, da: 0x6001_1000, id: 1)
  }

  private static func failing(_ running: inout Running, _ rings: [Change]) {
    running.changes[1...] = rings + [.device(1, status: 0x83, features: 1)]
    running.status = [0x83]
    running.kicks = [:]
  }

  /// What a carveout of `byteCount` bytes before the rings changes.
  private static func buffers(_ running: inout Running, _ byteCount: UInt32) {
    let size = String(byteCount, radix: 16)
    let first: UInt32 = 0x6001_2000
    running.carveouts[1...] = [
      "vdev0buffer 60010000 8010000 \(size)", "vdev0vring0 60012000 8012000 2000",
      "vdev0vring1 60014000 8014000 2000",
    ]
    running.changes[1...] = [
      .memory(1, da: 0x6001_0000, pa: 0x0801_0000, byteCount: byteCount),
      .ring(2, 0, da: first, id: 0), .ring(2, 1, da: first + 0x2000, id: 1),
      .device(2, status: 7, features: 1),
    ]
  }

  private static func preset(id: UInt32) -> VariantImage {
    var image = VariantImage([VariantImage.vdev(id: id)])
    image.spoilTable = {
      let offset = $0.word(at: 20)
      $0.patch(UInt32(0xff), at: offset + 16)
      $0[offset + 24] = 0x55
    }
    return image
  }

  private static var longConfig: VariantImage {
    var image = VariantImage([VariantImage.vdev(config: [1, 2, 3, 4])])
    image.spoilTable = { $0.patch(UInt32(5), at: $0.word(at: 20) + 20) }
    return image
  }

  private static var reservedDevice: VariantImage {
    var image = VariantImage([VariantImage.vdev()])
    image.spoilTable = { $0[$0.word(at: 20) + 26] = 1 }
    return image
  }
}

import ELF
import Remoteproc
import ResourceTable
import WireTypes

// Memory and devices that the table asks for.
extension FaultReader {
  func memory(_ error: RemoteprocError, asked: WireName?) -> Diagnosis {
    switch error {
    case .duplicateCarveout(let name, let offset):
      Diagnosis(
        .duplicateCarveout, table: table?.range(of: .name, at: offset),
        "give each carveout a name of its own; \"\(name)\" is taken")
    case .carveoutTooSmall(let name, let needed, _):
      Diagnosis(
        rule(of: name, else: .carveoutTooSmall), table: table?.range(of: .size, named: name),
        "make the carveout 0x\(String(needed, radix: 16)) bytes, or what lies in it smaller")
    case .carveoutMismatch(let name, let da, let carveout):
      Diagnosis(
        rule(of: name, else: .carveoutMismatch), table: table?.range(of: .da, named: name),
        carveout.map { "set da to any, or to an address from \($0) on; \(da) is outside" }
          ?? "set da to any: this memory has no fixed address")
    case .addressNotMet(let name, _, let given):
      Diagnosis(
        .fixedAddress, table: table?.range(of: .da, named: name),
        "set da to any, or link the firmware to what the board gives, \(given)")
    case .addressNotExpressible(let name, _):
      Diagnosis(
        .addressNotExpressible, table: table?.range(of: .da, named: name),
        "use a board with memory below 4 GiB, or a fixed da")
    case .carveoutBudget(_, let limit):
      Diagnosis(
        .carveoutBudget, nil,
        "ask for at most 0x\(String(limit, radix: 16)) bytes in all, or raise maxCarveout of the "
          + "board")
    case .devmemWithoutIOMMU(let offset):
      Diagnosis(
        .devmemWithoutIOMMU, table: offset..<offset + 4,
        "remove the devmem entry, or choose a board with an IOMMU")
    case .devmemNotAllowed(let pa, let byteCount):
      Diagnosis(
        .devmemNotAllowed, table: devmem(pa, byteCount),
        "add { pa: \(pa), size: \(byteCount) } to devmem of the board's policy")
    case .badTrace(let name, let da, let byteCount):
      badTrace(name, da, byteCount)
    case .noIOMMU, .iommu, .notMappable:
      Diagnosis(
        .iommuMapping, table: asked.flatMap { table?.range(of: .da, named: $0) },
        "choose addresses inside the IOMMU's range, on its pages, each once")
    default: Diagnosis(.platformFailed, nil, "")
    }
  }

  private func badTrace(
    _ name: WireName, _ da: DeviceAddress?, _ byteCount: UInt64
  ) -> Diagnosis {
    let entry = table?.trace(name, da: da, byteCount: byteCount)
    return byteCount == 0
      ? Diagnosis(
        .traceVisible, table: table?.range(of: .byteCount, in: entry),
        "set the size of the buffer, or remove the entry")
      : Diagnosis(.traceVisible, table: table?.range(of: .da, in: entry), Self.traceAdvice)
  }

  private func devmem(_ pa: PhysicalAddress, _ byteCount: UInt64) -> Range<Int>? {
    let entry = table?.entries.first { entry in
      guard case .devmem(let memory) = entry.resource else { return false }
      return memory.pa == pa && UInt64(memory.byteCount) == byteCount
    }
    return table?.range(of: .pa, in: entry)
  }

  /// The rule about memory whose name says that a ring or message buffers lie in it.
  func rule(of name: WireName, else other: CheckRule) -> CheckRule {
    guard let table else { return other }
    if table.ring(named: name) != nil { return .ringCarveout }
    return table.isBuffer(name) ? .messageBuffers : other
  }

  func diagnosis(of error: PlatformError, memory: WireName?) -> Diagnosis {
    guard let memory else {
      if case .outOfMemory = error {
        return Diagnosis(.outOfMemory, nil, "choose a board with more memory for the image")
      }
      guard case .addressNotAvailable(let da, _) = error else {
        return Diagnosis(.platformFailed, nil, "nothing in the firmware: see the message")
      }
      return Diagnosis(
        .bootAddress, elfClass.map { .file(24..<($0 == .elf32 ? 28 : 32)) },
        "set the entry point to an even address in memory of the board; \(da) is not")
    }
    let isBuffer = table?.isBuffer(memory) ?? false
    switch error {
    case .outOfMemory(_, let available):
      return Diagnosis(
        isBuffer ? .messageBuffers : .outOfMemory,
        table: table?.range(of: .size, named: memory),
        "ask for at most 0x\(String(available, radix: 16)) bytes here, or choose a board with "
          + "more memory")
    case .addressNotAvailable:
      return Diagnosis(
        .addressNotAvailable, table: table?.range(of: .da, named: memory),
        "set da to any, or to memory of the board that nothing else takes")
    case .invalidRequest:
      return Diagnosis(
        .emptyMemory, table: table?.range(of: .size, named: memory), "set the size, or remove it")
    case .nothingThere:
      return Diagnosis(
        .iommuMapping, table: table?.range(of: .da, named: memory),
        "set pa to memory that the board has, in one piece")
    case .notSupported, .timedOut, .ended, .system, .noIOMMU:
      return Diagnosis(.platformFailed, nil, "nothing in the firmware: see the message")
    }
  }

  func device(_ error: RemoteprocError) -> Diagnosis {
    switch error {
    case .tooManyDevices(let limit):
      Diagnosis(
        .deviceCount,
        table: table.flatMap {
          $0.devices.count > limit ? $0.range(of: .type, in: $0.devices[limit]) : nil
        },
        "keep at most \(limit) virtio devices")
    case .badQueueSize(let device, let vring, _):
      Diagnosis(
        .ringSize, table: table?.range(of: .count, device: device, vring: vring),
        "set num to a power of two, such as 256")
    case .badAlignment(let device, let vring, _, let da):
      badAlignment(device, vring, da)
    case .ringTooLarge(let device, let vring, _, _):
      Diagnosis(
        .ringTooLarge, table: table?.range(of: .count, device: device, vring: vring),
        "set num to 256 or less, and align to 4096")
    case .unsupportedDevice(let offset, _, _):
      Diagnosis(
        .unsupportedDevice, table: table?.range(of: .deviceID, at: offset),
        "use id 0 and kind 7, or a table of version 1")
    case .badVringRecord(let offset, _):
      Diagnosis(
        .badVringRecord, table: table?.range(of: .id, at: offset),
        "put ring records 0 and 1, in this order, behind their device")
    case .device(let index, _):
      Diagnosis(
        .deviceEntry,
        table: table.flatMap {
          $0.devices.indices.contains(index) ? $0.range(of: .type, in: $0.devices[index]) : nil
        }, "correct the counts of vrings and of config bytes")
    case .vendorEntryRefused(let type, _):
      Diagnosis(
        .vendorEntryRefused, table: vendor(type),
        "correct the entry by the platform's rules for type \(type)")
    default: Diagnosis(.platformFailed, nil, "")
    }
  }

  private func badAlignment(
    _ device: Int, _ vring: Int, _ da: DeviceAddress?
  ) -> Diagnosis {
    (da?.rawValue ?? 0) % 16 != 0
      ? Diagnosis(
        .ringAlignment, table: table?.range(of: .da, device: device, vring: vring),
        "set da to a multiple of 16")
      : Diagnosis(
        .ringAlignment, table: table?.range(of: .alignment, device: device, vring: vring),
        "set align to 4096, or another power of two from 4 up")
  }

  private func vendor(_ type: UInt32) -> Range<Int>? {
    let entry = table?.entries.first { entry in
      if case .vendor(let vendor) = entry.resource { vendor.type == type } else { false }
    }
    return table?.range(of: .type, in: entry) ?? entry.map { $0.offset..<$0.offset + 4 }
  }
}

import RPMsg
import SharedMemory
import TestSupport
import Testing
import Virtio
import Vring
import WireTypes

extension RPMsgLink {
  /// The same device over another kind of memory, made from each window and its place.
  func device<Memory: ForeignMemory>(
    _ make: (SharedWindow, _ origin: Int) -> Memory
  ) throws -> VirtioDevice<Memory> {
    let base = reachable.start.rawValue
    let vrings = device.vrings.map { vring in
      VirtioVring(
        record: vring.record,
        memory: make(vring.memory, Int(vring.record.address.rawValue - base)))
    }
    let buffers = try #require(device.buffers)
    return VirtioDevice(
      index: 0,
      entry: try VirtioDeviceEntry(memory: make(region.window, 0), offset: 0), vrings: vrings,
      buffers: MappedMemory(
        memory: make(buffers.memory, Int(buffers.start.rawValue - base)), start: buffers.start))
  }
}

@Suite("rpmsg on hostile memory")
struct HostileMemoryTests {
  @Test("M03: receiving fetches each shared byte once, on the host and on the remote")
  func fetches() throws {
    let link = try RPMsgLink(queueSize: 4, alignment: 16)
    let log = FetchLog()
    let device = try link.device { CountingMemory($0, log: log, origin: $1) }
    var transmitter = try RPMsgDriverTransmitter(device)
    var receiver = try RPMsgDriverReceiver(device)
    _ = receiver.publish()
    let reachable = MappedMemory(
      memory: CountingMemory(link.region.window, log: log), start: link.reachable.start)
    var remoteTransmitter = RPMsgDeviceTransmitter(
      ring: try VringDevice(
        memory: device.vrings[0].memory, layout: link.layout, buffers: reachable),
      notifyID: NotifyID(rawValue: 0))
    var remoteReceiver = RPMsgDeviceReceiver(
      ring: try VringDevice(
        memory: device.vrings[1].memory, layout: link.layout, buffers: reachable),
      notifyID: NotifyID(rawValue: 1))
    let sent = [UInt8](repeating: 3, count: 100)
    var target = [UInt8](repeating: 0, count: 496)
    let here = EndpointAddress(rawValue: 1)

    let enqueue = try log.operation {
      try transmitter.enqueue(sent.span.bytes, from: here, to: here)
    }
    // A fresh buffer needs no look at the used ring; nothing that was written is read back.
    #expect(enqueue.fetched == 0)
    _ = transmitter.publish()
    let received = try log.operation {
      var span = target.mutableSpan
      var raw = span.mutableBytes
      return try remoteReceiver.receive(into: &raw)
    }
    #expect(received.fetchedAgain == [])
    #expect(received.fetched == 2 + 2 + 16 + 16 + 100, "index, entry, descriptor, header, payload")
    let answer = try log.operation {
      try remoteTransmitter.enqueue(sent.span.bytes, from: here, to: here)
    }
    #expect(answer.fetchedAgain == [] && answer.fetched == 2 + 2 + 16)
    _ = remoteTransmitter.publish()
    let atHost = try log.operation { try receiver.take(&target) }
    #expect(atHost.fetchedAgain == [])
    #expect(atHost.fetched == 2 + 8 + 16 + 100, "index, entry, header, payload")
    #expect(Array(target.prefix(100)) == sent)
  }

  @Test("A host whose memory reads differently each time breaks or drops, and never traps")
  func hostOracle() throws {
    let link = try RPMsgLink(queueSize: 8, alignment: 16)
    var (messages, drops, broken) = (0, 0, 0)
    for seed in 0..<400 as Range<UInt64> {
      var memories: [OracleMemory] = []
      let device = try device(link, seed, &memories)
      var receiver = try RPMsgDriverReceiver(device, usedLengthRule: .clamp)
      var transmitter = try RPMsgDriverTransmitter(device)
      var payload = [UInt8](repeating: 0, count: 496)
      _ = receiver.publish()
      for _ in 0..<50 {
        switch try? receiver.take(&payload) {
        case .message?: messages += 1
        case .dropped?: drops += 1
        case nil: break
        }
        _ = receiver.publish()
        try? transmitter.enqueue(
          payload.span.bytes, from: EndpointAddress(rawValue: 1), to: EndpointAddress(rawValue: 2))
        _ = transmitter.publish()
      }
      if receiver.broken != nil || transmitter.broken != nil { broken += 1 }
      #expect(memories.allSatisfy { $0.violations == 0 }, "seed \(seed)")
    }
    #expect(messages > 0 && drops > 0 && broken > 0, "\(messages), \(drops), \(broken)")
  }

  /// A device whose rings and buffers are oracles; its entry is steady.
  private func device(
    _ link: RPMsgLink, _ seed: UInt64, _ memories: inout [OracleMemory]
  ) throws -> VirtioDevice<OracleMemory> {
    var made: [OracleMemory] = []
    func oracle(_ byteCount: Int) -> OracleMemory {
      let memory = OracleMemory(byteCount: byteCount, seed: seed &* 3 &+ UInt64(made.count))
      made.append(memory)
      return memory
    }
    let vrings = link.device.vrings.map {
      VirtioVring(record: $0.record, memory: oracle(link.layout.byteCount))
    }
    let buffers = MappedMemory(memory: oracle(8192), start: link.reachable.start)
    memories = made
    // The entry is not what this test is about: the first one that can be decoded will do.
    for attempt in 0..<1_000 as Range<UInt64> {
      let memory = OracleMemory(byteCount: 4096, seed: attempt)
      if let entry = try? VirtioDeviceEntry(memory: memory, offset: 0) {
        return VirtioDevice(index: 0, entry: entry, vrings: vrings, buffers: buffers)
      }
    }
    throw RPMsgError.missingVrings(count: 0)
  }

  @Test("A remote whose memory reads differently each time breaks or drops, and never traps")
  func remoteOracle() throws {
    let layout = try VringLayout(queueSize: 8, alignment: 16)
    var (messages, broken) = (0, 0)
    for seed in 0..<300 as Range<UInt64> {
      let rings = (0..<2).map {
        OracleMemory(byteCount: layout.byteCount, seed: seed &* 2 &+ UInt64($0))
      }
      let pool = OracleMemory(byteCount: 1 << 16, seed: ~seed)
      let mapped = MappedMemory(memory: pool, start: DeviceAddress(rawValue: 0))
      var remote = RPMsgRemote(
        transmitter: RPMsgDeviceTransmitter(
          ring: try VringDevice(memory: rings[0], layout: layout, buffers: mapped),
          notifyID: NotifyID(rawValue: 0)),
        receiver: RPMsgDeviceReceiver(
          ring: try VringDevice(memory: rings[1], layout: layout, buffers: mapped),
          notifyID: NotifyID(rawValue: 1)),
        doorbell: CountingBell())
      _ = try remote.makeEndpoint()
      for _ in 0..<50 {
        do {
          messages += try remote.poll { header, bytes, answers in
            try? answers.enqueue(bytes, from: header.destination, to: header.source)
            return .done
          }
        } catch {
          broken += 1
          break
        }
      }
      #expect((rings + [pool]).allSatisfy { $0.violations == 0 }, "seed \(seed)")
    }
    #expect(broken > 0, "\(messages), \(broken)")
  }
}

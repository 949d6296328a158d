import Remoteproc
import ResourceTable
import SharedMemory
import TestSupport
import Testing
import Virtio
import WireTypes

@Suite("Attach and detach")
struct AttachTests {
  private static let entries = [
    TestFirmware.trace("log", at: TestPlatform.base + 0x2000, 0x100), TestFirmware.rpmsg(),
  ]

  private func processor(
    _ entries: [ResourceTableBuilder.Entry] = entries,
    _ change: (inout TestPlatform) -> Void = { _ in }
  ) throws -> RemoteProcessor<TestPlatform> {
    var platform = try TestPlatform()
    try platform.preload(table: TestFirmware(entries).table())
    change(&platform)
    return RemoteProcessor(platform: platform)
  }

  private func attachError(
    of processor: inout RemoteProcessor<TestPlatform>, _ options: BootOptions = BootOptions()
  ) -> RemoteprocError? {
    do throws(RemoteprocError) {
      try processor.attach(options: options)
      return nil
    } catch { return error }
  }

  private func liveWindow(
    _ processor: borrowing RemoteProcessor<TestPlatform>
  ) throws -> SharedWindow {
    let loaded = processor.platform.loadedTable
    let range = try #require(loaded)
    let found = processor.platform.translate(range)
    return try #require(found)
  }

  private func live(_ processor: borrowing RemoteProcessor<TestPlatform>) throws -> [UInt8] {
    let window = try liveWindow(processor)
    return (0..<window.byteCount).map { window.loadUInt8(at: $0) }
  }

  @Test("The table is used where it lies; detach writes back what was found and leaves it running")
  func roundTrip() throws {
    var processor = try self.processor()
    let table = try live(processor)
    #expect(processor.state == .detached)
    for _ in 0..<3 {
      try processor.attach()
      #expect(processor.state == .attached)
      #expect(processor.devices.count == 1)
      #expect(processor.traces.first?.isAvailable == true)
      let changed = try live(processor)
      #expect(changed != table, "ring addresses were written")
      #expect(processor.table?.snapshot() == changed)
      try processor.detach()
      #expect(processor.state == .detached)
      let restored = try live(processor)
      #expect(restored == table)
    }
    let calls = processor.platform.script.calls
    #expect(calls.count { $0 == "attach" } == 3 && calls.count { $0 == "detach" } == 3)
    #expect(!calls.contains { $0.hasPrefix("start") || $0 == "stop" })
    #expect(processor.platform.pool.grantedByteCount == 0)
  }

  @Test("Users of an attached processor are counted")
  func users() throws {
    var processor = try self.processor()
    try processor.attach()
    try processor.attach()
    #expect(processor.userCount == 2)
    try processor.detach()
    #expect(processor.state == .attached)
    try processor.detach()
    #expect(processor.state == .detached)
  }

  @Test("A shutdown stops it for good")
  func shutdown() throws {
    var processor = try self.processor()
    try processor.attach()
    try processor.shutdown()
    #expect(processor.state == .offline)
    #expect(processor.platform.script.calls.contains("stop"))
  }

  @Test("Whichever step fails, the table is as it was and nothing is kept", arguments: 0..<5)
  func everyStepFails(index: Int) throws {
    var processor = try self.processor()
    let table = try live(processor)
    // prepare, three allocations (rings and buffers), attach; the carveout exists.
    processor.platform.script.fail(at: index)
    let error = attachError(of: &processor)
    let operation: PlatformError.Operation =
      index == 0 ? .prepare : index == 4 ? .attach : .allocate
    #expect(error == .platform(.system(operation, errno: 5)))
    #expect(processor.state == .detached)
    let restored = try live(processor)
    #expect(restored == table)
    #expect(processor.platform.pool.grantedByteCount == 0)
    processor.platform.script.fail(at: nil)
    try processor.attach()
  }

  @Test("A detach that fails leaves it attached, and can be tried again")
  func failingDetach() throws {
    var processor = try self.processor()
    try processor.attach()
    processor.platform.script.fail(at: 0)
    var refusal: RemoteprocError?
    do throws(RemoteprocError) { try processor.detach() } catch { refusal = error }
    #expect(refusal == .platform(.system(.detach, errno: 5)))
    #expect(processor.state == .attached)
    try processor.detach()
    #expect(processor.state == .detached)
  }

  @Test("Without a known table it is refused, unless the table is optional")
  func noTable() throws {
    var processor = try self.processor { $0.loadedTable = nil }
    #expect(attachError(of: &processor) == .noLoadedTable)
    var options = BootOptions()
    options.tableIsOptional = true
    try processor.attach(options: options)
    #expect(processor.state == .attached)
  }

  @Test("A table outside memory, a broken one and a carveout that does not exist are refused")
  func hostileTables() throws {
    let far = try deviceRange(0x1000, 0x40)
    var elsewhere = try self.processor { $0.loadedTable = far }
    #expect(attachError(of: &elsewhere) == .loadedTableNotReadable(device(0x1000), byteCount: 64))

    var broken = try self.processor()
    let window = try liveWindow(broken)
    window.store(UInt8(9), at: 0)
    #expect(attachError(of: &broken) == .table(.unsupportedVersion(9)))

    var missing = try self.processor([TestFirmware.carveout("x", at: 0x4000, 0x1000)])
    #expect(
      attachError(of: &missing)
        == .platform(.addressNotAvailable(device(0x4000), byteCount: 0x1000)))
    #expect(missing.state == .detached)
  }

  @Test("A device that an earlier host left active is reset, and told of")
  func staleDevice() throws {
    var processor = try self.processor([TestFirmware.rpmsg()])
    let table = try live(processor)
    let reader = try ResourceTableReader(parsing: table)
    // Status: 4 bytes of type and 20 of the device before it.
    let offset = try reader.entry(at: 1).offset + 24
    let window = try liveWindow(processor)
    window.store(UInt8(7), at: offset)
    try processor.attach()
    #expect(
      processor.notices.contains(
        .deviceWasActive(index: 0, status: [.acknowledge, .driver, .driverOK])))
    #expect(processor.devices.first?.device.entry.status == [])
  }

  @Test("A processor that restarts by itself is attached to again, and not stopped")
  func selfRestart() throws {
    var processor = try self.processor { $0.capabilities = [.attachOnRecovery] }
    try processor.attach()
    try processor.attach()
    processor.crash(CrashReport(kind: .watchdog))
    try processor.recover()
    #expect(processor.state == .attached)
    #expect(processor.userCount == 2)
    let calls = processor.platform.script.calls
    #expect(calls.count { $0 == "attach" } == 2)
    #expect(!calls.contains("stop"))
  }

  @Test("A crashed processor that was attached to needs firmware to start again")
  func crashWithoutFirmware() throws {
    var processor = try self.processor()
    try processor.attach()
    processor.crash(CrashReport(kind: .watchdog))
    var refusal: RemoteprocError?
    do throws(RemoteprocError) { try processor.recover() } catch { refusal = error }
    #expect(refusal == .noFirmware)
    try processor.recover(with: try TestFirmware().build())
    #expect(processor.state == .running)
  }
}

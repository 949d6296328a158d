import SharedMemory
import Testing
import Vring
import WireTypes

@Suite("Vring, driver role")
struct VringDriverTests {
  @Test("A lent buffer is in the table and in the available ring, and comes back once")
  func lendAndTakeBack() throws {
    let device = try FarSide()
    var driver = try device.driver()
    let head = try driver.reserve()
    #expect(head == 0)
    driver.add(
      0, address: DeviceAddress(rawValue: 0x1_0000_1000), byteCount: 512, direction: .deviceWrites)
    #expect(device.availableIndex == 0, "not visible before it is published")
    let wantsKick = driver.publish()
    #expect(wantsKick)
    #expect(device.availableIndex == 1 && device.availableHead(0) == 0)
    #expect(device.window.loadUInt64(at: 0) == 0x1_0000_1000)
    #expect(device.window.loadUInt32(at: 8) == 512)
    #expect(device.window.loadUInt16(at: 12) == 2)
    #expect(driver.lentCount == 1 && driver.freeCount == 7)

    let nothing = try driver.popUsed()
    #expect(nothing == nil)
    device.setUsed(0, id: 0, byteCount: 100)
    device.setUsedIndex(1)
    let used = try driver.popUsed()
    #expect(used?.head == 0 && used?.byteCount == 100)
    let again = try driver.popUsed()
    #expect(again == nil)
    driver.release(0)
    #expect(driver.lentCount == 0 && driver.freeCount == 8)
  }

  @Test("Heads go out fresh ones first, then in the order they were released")
  func order() throws {
    let device = try FarSide(queueSize: 4)
    var driver = try device.driver(bufferLimit: 3)
    var heads: [UInt16] = []
    while let head = try driver.reserve() { heads.append(head) }
    #expect(heads == [0, 1, 2])
    for head in [2, 0, 1] as [UInt16] { driver.release(head) }
    heads = []
    while let head = try driver.reserve() { heads.append(head) }
    #expect(heads == [2, 0, 1])
  }

  @Test(
    "D01: a used index beyond what was lent breaks the ring",
    arguments: [3, 4, 256, 32_768, 0xffff])
  func usedIndexJump(index: UInt16) throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(2)
    device.setUsedIndex(index)
    let reason = VringBreakage.usedIndexJump(index: index, consumed: 0, lent: 2)
    #expect(caught { () throws(VringError) in try driver.popUsed() } == .broken(reason))
    #expect(driver.broken == reason)
  }

  @Test("D01: a used index that goes backwards breaks the ring")
  func usedIndexBackwards() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(4)
    for slot in 0..<2 { device.setUsed(slot, id: UInt32(slot), byteCount: 0) }
    device.setUsedIndex(2)
    for _ in 0..<2 { _ = try driver.popUsed() }
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.usedIndexJump(index: 1, consumed: 2, lent: 2)))
  }

  @Test("A buffer that was added but not published cannot come back")
  func unpublished() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    _ = try driver.reserve()
    driver.add(1, address: DeviceAddress(rawValue: 0), byteCount: 64, direction: .deviceReads)
    device.setUsed(0, id: 1, byteCount: 0)
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.notOutstanding(head: 1)))
  }

  @Test(
    "D02: a used id that is no descriptor breaks the ring, before it is narrowed",
    arguments: [8, 0x1_0000, 0x1_0001, UInt32.max])
  func badID(id: UInt32) throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(2)
    device.setUsed(0, id: id, byteCount: 0)
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.badID(id, queueSize: 8)))
  }

  @Test("D03: an id that was never lent breaks the ring")
  func neverLent() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(2)
    device.setUsed(0, id: 5, byteCount: 0)
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.notOutstanding(head: 5)))
  }

  @Test("D03: the same id twice in one burst breaks the ring at the second")
  func twice() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(2)
    for slot in 0..<2 { device.setUsed(slot, id: 1, byteCount: 8) }
    device.setUsedIndex(2)
    let first = try driver.popUsed()
    #expect(first?.head == 1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.notOutstanding(head: 1)))
  }

  @Test("D05, D06: what the device writes into the descriptor table has no effect")
  func rewrittenTable() throws {
    let device = try FarSide()
    var driver = try device.driver()
    let heads = try driver.lend(8)
    // Everything a device could do to the table: loops, our own ring's address, huge lengths.
    for index in 0..<8 {
      device.setDescriptor(index, address: 0, byteCount: .max, flags: 0xffff, next: UInt16(index))
    }
    for (slot, head) in heads.reversed().enumerated() {
      device.setUsed(slot, id: UInt32(head), byteCount: 64)
    }
    device.setUsedIndex(8)
    var returned: [UInt16] = []
    while let used = try driver.popUsed() {
      #expect(used.byteCount == 64)
      returned.append(used.head)
      driver.release(used.head)
    }
    #expect(returned == heads.reversed())
    var reserved: [UInt16] = []
    while let head = try driver.reserve() { reserved.append(head) }
    #expect(Set(reserved) == Set(heads))
  }

  @Test("D07: more bytes than the buffer has break a strict ring", arguments: [65, UInt32.max])
  func longUsedLength(byteCount: UInt32) throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    device.setUsed(0, id: 0, byteCount: byteCount)
    device.setUsedIndex(1)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.badUsedLength(head: 0, byteCount: byteCount, posted: 64)))
  }

  @Test(
    "D07: under the clamping rule they count as the whole buffer", arguments: [64, 65, UInt32.max])
  func clampedUsedLength(byteCount: UInt32) throws {
    let device = try FarSide()
    var driver = try device.driver(.clamp)
    _ = try driver.lend(1)
    device.setUsed(0, id: 0, byteCount: byteCount)
    device.setUsedIndex(1)
    let used = try driver.popUsed()
    #expect(used?.byteCount == 64)
  }

  @Test("What a device writes as the length of a buffer that it only reads is ignored")
  func usedLengthOfReadBuffer() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1, .deviceReads)
    device.setUsed(0, id: 0, byteCount: .max)
    device.setUsedIndex(1)
    let used = try driver.popUsed()
    #expect(used?.byteCount == 0)
  }

  @Test("D10: only bit 0 of the used flags suppresses a kick, and completion goes on without")
  func suppression() throws {
    let device = try FarSide()
    var driver = try device.driver()
    device.setUsedFlags(0xfffe)
    _ = try driver.reserve()
    driver.add(0, address: DeviceAddress(rawValue: 0), byteCount: 64, direction: .deviceWrites)
    let wantsKick = driver.publish()
    #expect(wantsKick)
    device.setUsedFlags(0xffff)
    _ = try driver.reserve()
    driver.add(1, address: DeviceAddress(rawValue: 0), byteCount: 64, direction: .deviceWrites)
    let suppressed = driver.publish()
    #expect(!suppressed)
    let empty = driver.publish()
    #expect(!empty, "nothing new to show")
    device.setUsed(0, id: 0, byteCount: 1)
    device.setUsedIndex(1)
    let used = try driver.popUsed()
    #expect(used?.head == 0)
  }

  @Test("D13: a full turn of the used index between two polls is not taken for nothing")
  func fullTurn() throws {
    let device = try FarSide()
    var driver = try device.driver()
    // The index wraps to where it was; nothing was lent that could come back.
    device.setUsedIndex(0)
    let nothing = try driver.popUsed()
    #expect(nothing == nil)
    _ = try driver.lend(8)
    // 65,536 completions look like none; the 8 lent buffers stay lent.
    let still = try driver.popUsed()
    #expect(still == nil && driver.lentCount == 8)
  }

  @Test("A broken ring stays broken, whatever the device writes later")
  func latch() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    device.setUsedIndex(9)
    let reason = VringError.broken(.usedIndexJump(index: 9, consumed: 0, lent: 1))
    #expect(caught { () throws(VringError) in try driver.popUsed() } == reason)
    device.setUsedIndex(0)
    #expect(caught { () throws(VringError) in try driver.popUsed() } == reason)
    #expect(caught { () throws(VringError) in try driver.reserve() } == reason)
    #expect(caught { () throws(VringError) in try driver.setNotifications(true) } == reason)
    let wantsKick = driver.publish()
    #expect(!wantsKick)
  }

  @Test("Turning notifications on says whether buffers wait already")
  func notifications() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    let none = try driver.setNotifications(false)
    #expect(!none && device.window.loadUInt16(at: device.layout.available.offset) == 1)
    device.setUsed(0, id: 0, byteCount: 0)
    device.setUsedIndex(1)
    let some = try driver.setNotifications(true)
    #expect(some && device.window.loadUInt16(at: device.layout.available.offset) == 0)
  }

  @Test("A value the table holds already is not written again")
  func unchangedStores() throws {
    let device = try FarSide()
    var driver = try device.driver()
    _ = try driver.lend(1)
    // A marker in place of the address: a second store would overwrite it.
    device.window.store(0xfeed as UInt64, at: 0)
    device.setUsed(0, id: 0, byteCount: 0)
    device.setUsedIndex(1)
    let used = try #require(try driver.popUsed())
    driver.add(
      used.head, address: DeviceAddress(rawValue: 0x1000), byteCount: 60, direction: .deviceWrites)
    #expect(device.window.loadUInt64(at: 0) == 0xfeed)
    #expect(device.window.loadUInt32(at: 8) == 60)
  }

  @Test("A buffer held for 65,536 turns comes back, though another is due where it was added")
  func longHeld() throws {
    let device = try FarSide(queueSize: 4)
    var driver = try device.driver()
    _ = try driver.lend(2)
    // Head 0 was added at index 0 and stays; head 1 goes round until the index is 0 again.
    for turn in 0..<65_534 {
      device.setUsed(turn, id: 1, byteCount: 0)
      device.setUsedIndex(UInt16(truncatingIfNeeded: turn + 1))
      try #require(try driver.popUsed()?.head == 1)
      driver.add(1, address: DeviceAddress(rawValue: 0), byteCount: 64, direction: .deviceWrites)
      _ = driver.publish()
    }
    let fresh = try #require(try driver.reserve())
    driver.add(fresh, address: DeviceAddress(rawValue: 0), byteCount: 1, direction: .deviceWrites)
    #expect(driver.unpublishedCount == 1)
    device.setUsed(65_534, id: 0, byteCount: 5)
    device.setUsedIndex(65_535)
    #expect(try driver.popUsed()?.head == 0)
    // The one that was not published cannot come back all the same.
    device.setUsed(65_535, id: UInt32(fresh), byteCount: 0)
    device.setUsedIndex(0)
    #expect(
      caught { () throws(VringError) in try driver.popUsed() }
        == .broken(.notOutstanding(head: fresh)))
  }
}

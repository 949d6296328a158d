import ARMv7MCore
import Testing

/// A timer that expectations can change.
private final class Timer {
  var value = ARMv7MSysTick()

  func dueCycle() -> UInt64? { value.dueCycle() }
  func store(_ word: UInt32, at offset: UInt32, cycles: UInt64) -> Bool {
    value.store(word, at: offset, cycles: cycles)
  }
  func load(at offset: UInt32, cycles: UInt64) -> UInt32? { value.load(at: offset, cycles: cycles) }
  func takeTick(at cycles: UInt64) -> Bool { value.takeTick(at: cycles) }
}

@Suite("SysTick")
struct SysTickTests {
  @Test("It counts down, wraps, says so once and is due at the right cycle")
  func counting() {
    let timer = Timer()
    #expect(timer.dueCycle() == nil)
    #expect(timer.store(99, at: 4, cycles: 0))
    #expect(timer.store(0, at: 8, cycles: 0))
    #expect(timer.store(3, at: 0, cycles: 10))
    #expect(timer.dueCycle() == 110)
    #expect(timer.load(at: 8, cycles: 20) == 90)
    #expect(!timer.takeTick(at: 109))
    #expect(timer.takeTick(at: 110))
    #expect(!timer.takeTick(at: 150))
    #expect(timer.load(at: 0, cycles: 160) == 0x1_0007)
    #expect(timer.load(at: 0, cycles: 160) == 7)
    #expect(timer.dueCycle() == 210)
  }

  @Test("A timer that is off keeps its counter")
  func off() {
    let timer = Timer()
    _ = timer.store(99, at: 4, cycles: 0)
    _ = timer.store(1, at: 0, cycles: 0)
    _ = timer.store(0, at: 0, cycles: 50)
    #expect(timer.load(at: 8, cycles: 500) == 50)
    #expect(!timer.store(0, at: 16, cycles: 0))
    #expect(timer.load(at: 16, cycles: 0) == nil)
  }
}

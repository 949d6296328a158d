import CBench
import Foundation
import Synchronization

/// The least that passes a message: 256 slots of 512 bytes, each with a sequence word in front.
///
/// One cache line carries index and start of the payload; nothing else is shared.
final class SlotRing: @unchecked Sendable {
  private static let slotCount: UInt64 = 256
  private static let slotByteCount = 512
  private let memory: UnsafeMutableRawPointer

  init() {
    let byteCount = Int(Self.slotCount) * Self.slotByteCount
    memory = .allocate(byteCount: byteCount, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { memory.deallocate() }

  private func slot(_ number: UInt64) -> UnsafeMutableRawPointer {
    memory + Int(number & (Self.slotCount &- 1)) &* Self.slotByteCount
  }

  private func word(_ number: UInt64) -> UnsafeMutablePointer<Atomic<UInt64>> {
    slot(number).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Puts message `number` into its slot, whose word counts its uses: it must be free again.
  func send(_ number: UInt64, _ source: UnsafeRawPointer, _ byteCount: Int) -> Bool {
    let turn = number / Self.slotCount &* 2
    guard word(number).pointee.load(ordering: .acquiring) == turn else { return false }
    memcpy(slot(number) + 8, source, byteCount)
    word(number).pointee.store(turn &+ 1, ordering: .releasing)
    return true
  }

  /// Copies message `number` out and frees its slot.
  func receive(_ number: UInt64, _ target: UnsafeMutableRawPointer, _ byteCount: Int) -> Bool {
    let turn = number / Self.slotCount &* 2
    guard word(number).pointee.load(ordering: .acquiring) == turn &+ 1 else { return false }
    memcpy(target, slot(number) + 8, byteCount)
    word(number).pointee.store(turn &+ 2, ordering: .releasing)
    return true
  }
}

/// What the machine can do, measured in the same program.
struct Limits {
  static let name = "limits"
  private let scratch = Scratch()
  private let near = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 128)
  private let far = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 128)

  init() {
    near.initializeMemory(as: UInt8.self, repeating: 1, count: 512)
    far.initializeMemory(as: UInt8.self, repeating: 1, count: 512)
  }

  private func message(_ number: UInt64, _ byteCount: Int) -> UnsafeRawPointer {
    scratch.message(number, byteCount: byteCount).baseAddress.unsafelyUnwrapped
  }

  /// One copy of a payload.
  func copy(_ count: Int, byteCount: Int) -> Sample {
    oneThread(count) {
      for number in 0..<count {
        memcpy(far, message(UInt64(number), byteCount), byteCount)
      }
    }
  }

  /// A message through the slot ring, in one thread.
  func slotRing(_ count: Int, byteCount: Int) -> Sample {
    let ring = SlotRing()
    return oneThread(count) {
      for number in 0..<UInt64(count) {
        guard ring.send(number, message(number, byteCount), byteCount),
          ring.receive(number, far, byteCount), far.load(as: UInt64.self) == number & 15
        else { fail(NoBuffer()) }
      }
    }
  }

  /// Messages through a slot ring to another processor.
  func slotRingOneWay(_ helper: Helper, _ count: Int, byteCount: Int) -> Sample {
    let ring = SlotRing()
    let far = Address(far)
    return helper.bracketed(count) {
      helper.time({
        for number in 0..<UInt64(count) {
          while !ring.receive(number, far.pointer, byteCount) { bench_pause() }
        }
      }) {
        for number in 0..<UInt64(count) {
          while !ring.send(number, message(number, byteCount), byteCount) { bench_pause() }
        }
      }
    }
  }

  /// A message through one slot ring and back through another.
  func slotRingRoundTrip(_ helper: Helper, _ count: Int, byteCount: Int) -> Sample {
    let (there, back) = (SlotRing(), SlotRing())
    let far = Address(far)
    return helper.bracketed(count) {
      helper.time({
        for number in 0..<UInt64(count) {
          while !there.receive(number, far.pointer, byteCount) {}
          while !back.send(number, far.pointer, byteCount) {}
        }
      }) {
        for number in 0..<UInt64(count) {
          while !there.send(number, message(number, byteCount), byteCount) {}
          while !back.receive(number, near, byteCount) {}
        }
      }
    }
  }

  private struct Address: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
  }

  private func oneThread(_ count: Int, _ body: () -> Void) -> Sample {
    let switches = Clock.involuntarySwitches
    let start = Clock.thread
    body()
    return Sample(
      nanoseconds: Double(Clock.thread - start) / Double(count),
      switches: Clock.involuntarySwitches - switches, probe: nil)
  }
}

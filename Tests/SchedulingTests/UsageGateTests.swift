import Foundation
import Scheduling
import Synchronization
import Testing

/// A thread that can be joined.
private final class Worker: Sendable {
  private let done = FutexWord()

  init(_ body: @escaping @Sendable () -> Void) {
    Thread { [self] in
      body()
      done.value.store(1, ordering: .releasing)
      done.wake()
    }.start()
  }

  func join() {
    while done.value.load(ordering: .acquiring) == 0 { done.wait(while: 0) }
  }
}

private final class Shared: Sendable {
  let number = Atomic<Int>(0)
  let isOver = Atomic<Bool>(false)
}

@Suite("Gates, turnstiles and numbered objects", .timeLimit(.minutes(1)))
struct UsageGateTests {
  @Test("An open gate lets in, a closed one does not, and closing twice is harmless")
  func opensAndCloses() {
    let gate = UsageGate(slotCount: 2)
    #expect(gate.enter(0))
    #expect(gate.enter(1))
    gate.leave(0)
    gate.leave(1)
    #expect(!gate.isClosed)
    gate.close()
    gate.close()
    #expect(gate.isClosed)
    #expect(!gate.enter(0))
    #expect(!gate.enter(1))
  }

  @Test("When closing returns nobody is inside and nobody comes in", arguments: 0..<50)
  func closingWaits(round: Int) {
    let gate = UsageGate(slotCount: 2)
    let shared = Shared()
    let users = (0..<2).map { slot in
      Worker {
        while gate.enter(slot) {
          shared.number.store(shared.number.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
          // What the gate must not allow.
          let isOver = shared.isOver.load(ordering: .relaxed)
          #expect(!isOver)
          gate.leave(slot)
        }
      }
    }
    while shared.number.load(ordering: .relaxed) < 100 { sched_yield() }
    gate.close()
    shared.isOver.store(true, ordering: .relaxed)
    for user in users { user.join() }
  }

  @Test("One thread is inside a turnstile; a note left meanwhile is read before it goes")
  func notes() {
    let turnstile = Turnstile(5)
    var answers = [turnstile.leaveNote(1), turnstile.enter(orLeave: 1)]
    answers += [turnstile.enter(orLeave: 2), turnstile.leaveNote(4)]
    #expect(answers == [false, true, false, true])
    turnstile.withValue { $0 += 1 }
    var notes = [turnstile.leave()]
    // Still inside, and the notes are gone.
    let isIn = turnstile.enter(orLeave: 1)
    #expect(!isIn)
    notes += [turnstile.leave(), turnstile.leave()]
    #expect(notes == [6, 1, 0])
    answers = [turnstile.enter(orLeave: 1)]
    let value = turnstile.withValue { $0 }
    #expect(answers == [true])
    #expect(value == 6)
    notes = [turnstile.leave()]
    #expect(notes == [0])
  }

  @Test("Many threads at a turnstile: never two inside, and no request is lost")
  func manyAtTurnstile() {
    final class Counter: Sendable {
      let turnstile = Turnstile(0)
      let requests = Atomic<Int>(0)
      let handled = Atomic<Int>(0)

      func request() {
        requests.add(1, ordering: .relaxed)
        guard turnstile.enter(orLeave: 1) else { return }
        repeat {
          turnstile.withValue { inside in
            inside += 1
            #expect(inside == 1)
            handled.store(requests.load(ordering: .relaxed), ordering: .relaxed)
            inside -= 1
          }
        } while turnstile.leave() != 0
      }
    }
    let counter = Counter()
    let workers = (0..<4).map { _ in
      Worker { for _ in 0..<20_000 { counter.request() } }
    }
    for worker in workers { worker.join() }
    let handled = counter.handled.load(ordering: .relaxed)
    #expect(handled == 80_000)
  }

  @Test("Objects are found by any 32-bit number, and only by theirs")
  func numbers() {
    final class Item: Sendable {}
    let table = NumberedObjects<Item>()
    let numbers: [UInt32] = [0, 1, 1023, 1024, 1 << 21, (1 << 21) - 1, 1 << 31, .max]
    let items = numbers.map { _ in Item() }
    var found = numbers.map { table.find($0) == nil }
    #expect(!found.contains(false))
    for (number, item) in zip(numbers, items) { table.store(item, at: number) }
    found = zip(numbers, items).map { number, item in
      table.find(number)?.takeUnretainedValue() === item && table.find(number ^ 2) == nil
    }
    #expect(!found.contains(false))
    for number in numbers { table.store(nil, at: number) }
    found = numbers.map { table.find($0) == nil }
    #expect(!found.contains(false))
  }

  @Test("Threads have different numbers, each always the same")
  func threadNumbers() {
    let mine = ThreadNumber.current
    #expect(mine != 0)
    #expect(ThreadNumber.current == mine)
    let other = Shared()
    Worker { other.number.store(Int(bitPattern: ThreadNumber.current), ordering: .relaxed) }.join()
    let theirs = other.number.load(ordering: .relaxed)
    #expect(theirs != Int(bitPattern: mine))
  }
}

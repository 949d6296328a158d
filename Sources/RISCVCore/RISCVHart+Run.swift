import CoreSupport
import Synchronization
import WireTypes

/// A jump whose target is known but whose record does not name the target's block yet.
struct UnlinkedJump: Sendable {
  let index: Int
  let target: UInt32
  let generation: Int
}

extension RISCVHart {
  /// Steps the deadline lies ahead at most, so that a stale block is always beyond it.
  private static let longestStint: UInt64 = 1 << 26

  /// Runs until `budget` steps are taken or somebody is needed.
  ///
  /// A step is one instruction or one exception; taking an interrupt is none. An instruction that
  /// ends a run with ``RISCVExit/load(address:width:)`` or its like takes its step when it is
  /// completed; running without completing it executes it again.
  public mutating func run(upTo budget: UInt64) -> RISCVExit {
    pendingAccess = nil
    if let exit = queuedExit {
      queuedExit = nil
      return exit
    }
    let (sum, overflow) = stepCount.addingReportingOverflow(budget)
    let end = overflow ? .max : sum
    mustLook = true
    while true {
      if mustLook || needsToLook(end), let exit = look(end) { return exit }
      if stepCount >= end { return .budgetSpent }
      if let exit = runBlocks(end) { return exit }
    }
  }

  private func needsToLook(_ end: UInt64) -> Bool {
    // ORDERING: relaxed; `look` reads again after its own store.
    lines.deadline.load(ordering: .relaxed) != armedSteps &* 16
      || (armedSteps < end && stepCount + UInt64(BlockCache.maximumLength) > armedSteps)
  }

  /// Sets the deadline and answers what other threads asked for.
  private mutating func look(_ end: UInt64) -> RISCVExit? {
    mustLook = false
    armedSteps = min(end, stepCount + Self.longestStint)
    // ORDERING: sequentially consistent, before the lines are read: see
    // `RISCVInterruptLines.raise(_:)`.
    lines.deadline.store(armedSteps &* 16, ordering: .sequentiallyConsistent)
    if lines.takeAttention() { return .attention }
    guard stepCount < end, let line = machine.deliverable(lines.pending) else { return nil }
    let trap = RISCVTrap(cause: .interrupt(line), pc: pc, value: 0)
    guard enter(trap) else { return .fatalTrap(trap) }
    return nil
  }

  /// Runs from the program counter until the hot loop cannot go on by itself.
  private mutating func runBlocks(_ end: UInt64) -> RISCVExit? {
    guard let header = enterableHeader(end) else {
      // The second half of an instruction may be what cannot be fetched.
      let isHalf = memory.fetchHalf(counter) != nil
      return accessFault(.instructionAccessFault, value: isHalf ? counter &+ 2 : counter).exit
    }
    var loop = HotLoop(registers: RegisterFile(registers), memory: memory.hot, lines: lines)
    var index = header + 1
    while true {
      let stop = loop.run(cache, from: index, steps: &stepCount)
      let record = cache.records[stop.index]
      let following = cache.records[stop.index + 1].pc
      switch stop.reason {
      case .left: return leave(record, stop)
      case .wroteNearCode:
        if forgetCode(stop.target, record.operation.accessByteCount) {
          counter = following
          return nil
        }
      case .general:
        counter = record.pc
        switch execute(record, following) {
        case .next:
          stepCount &+= 1
          if !loop.memory.isSame(as: memory.hot) {
            loop = HotLoop(registers: RegisterFile(registers), memory: memory.hot, lines: lines)
          }
        case .jump(let target):
          stepCount &+= 1
          counter = target
          return nil
        case .trapped: return nil
        case .exit(let exit): return exit
        }
      }
      index = stop.index + 1
    }
  }

  /// The header of the block to enter now, short enough for the budget.
  private mutating func enterableHeader(_ end: UInt64) -> Int? {
    let jump = unlinked
    unlinked = nil
    guard let header = cache.header(at: counter, memory) else { return nil }
    if let jump, jump.target == counter, jump.generation == cache.generation {
      cache.records[jump.index].link = UInt32(header)
    }
    let length = UInt64(cache.records[header].immediate) / UInt64(Record.byteCount)
    if length <= end - stepCount { return header }
    return cache.temporaryHeader(at: counter, limit: Int(end - stepCount), memory)
  }

  private mutating func leave(_ record: Record, _ stop: Stop) -> RISCVExit? {
    counter = stop.target
    guard record.operation != .jalr else { return nil }
    guard stop.target == record.pc, record.operation != .end else {
      unlinked = UnlinkedJump(
        index: stop.index, target: stop.target, generation: cache.generation)
      return nil
    }
    // A jump to itself is never linked, so each time round comes here.
    return machine.interruptsAreOff ? .hang(pc: pc) : nil
  }

  /// Forgets what was translated from bytes that the program has just written.
  mutating func forgetCode(_ address: UInt32, _ byteCount: UInt32) -> Bool {
    cache.forget(address, byteCount: byteCount, memory)
  }
}

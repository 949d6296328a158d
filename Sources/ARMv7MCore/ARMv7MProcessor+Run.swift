import CoreSupport
import Synchronization
import WireTypes

extension ARMv7MProcessor {
  /// Steps the deadline lies ahead at most, so that a stale block is always beyond it.
  private static let longestStint: UInt64 = 1 << 26

  /// Runs until `budget` steps are taken or somebody is needed.
  ///
  /// A step is one instruction or one fault; taking an interrupt is none. An instruction that ends
  /// a run with ``ARMv7MExit/load(address:width:)`` or its like takes its step in the next run,
  /// which finishes it; until it is finished no interrupt is taken.
  ///
  /// - Precondition: an access that the last run asked for was answered.
  public mutating func run(upTo budget: UInt64) -> ARMv7MExit {
    precondition(pendingAccess == nil, "the access was not answered")
    let (sum, overflow) = stepCount.addingReportingOverflow(budget)
    let end = overflow ? .max : sum
    mustLook = true
    while true {
      if let lockup { return .lockup(lockup) }
      if !answers.isEmpty {
        // An instruction that is half done goes first.
        if stepCount >= end { return .budgetSpent }
        if let exit = step() { return exit }
        continue
      }
      if mustLook || needsToLook(end), let exit = look(end) { return exit }
      if lockup != nil { continue }
      if stepCount >= end { return .budgetSpent }
      if let exit = itState == 0 && isThumb ? runBlocks(end) : step() { return exit }
    }
  }

  private func needsToLook(_ end: UInt64) -> Bool {
    // ORDERING: relaxed; `look` reads again after its own store.
    lines.deadline.load(ordering: .relaxed) != armedSteps &* 16
      || (armedSteps < end && stepCount + UInt64(BlockCache.maximumLength) > armedSteps)
  }

  /// Sets the deadline and answers what other threads asked for.
  private mutating func look(_ end: UInt64) -> ARMv7MExit? {
    mustLook = false
    armedSteps = min(end, stepCount + Self.longestStint)
    // ORDERING: sequentially consistent, before the lines are read: see
    // `ARMv7MInterruptLines.raise(_:)`.
    lines.deadline.store(armedSteps &* 16, ordering: .sequentiallyConsistent)
    if lines.takeAttention() { return .attention }
    sampleLines()
    guard stepCount < end, let number = takeable else { return nil }
    enter(number, returnAddress: counter)
    return nil
  }

  private var context: TranslationContext {
    TranslationContext(
      hasDSP: model.hasDSP, mayUseFloat: model.hasFloat && system.coprocessorAccess >> 20 & 3 == 3)
  }

  private var loop: HotLoop {
    let isChecked = protectionApplies
    let window = isChecked ? MemoryWindow(emptyWith: noLines, noBuckets) : memory.hot
    return HotLoop(registers: x, memory: window, lines: lines)
  }

  /// Runs from the program counter until the hot loop cannot go on by itself.
  private mutating func runBlocks(_ end: UInt64) -> ARMv7MExit? {
    guard let header = enterableHeader(end) else { return step() }
    var loop = loop
    var index = header + 1
    while true {
      let stop = loop.run(cache, from: index, steps: &stepCount)
      let record = cache.records[stop.index]
      let next = cache.records[stop.index + 1].pc
      switch stop.reason {
      case .left: return leave(record, stop)
      case .wroteNearCode:
        counter = next
        forgetCode(stop.target, 4)
        itState = state(at: stop.index + 1)
        if mustLook || itState != 0 { return nil }
      case .general:
        counter = record.pc
        itState = state(at: stop.index)
        let generation = cache.generation
        if let exit = step() { return exit }
        let isInPlace = counter == next && isThumb && generation == cache.generation
        if mustLook || lockup != nil || !isInPlace { return nil }
        if itState != 0, itState != state(at: stop.index + 1) { return nil }
        itState = 0
        if !loop.memory.isSame(as: memory.hot), !protectionApplies { loop = self.loop }
      }
      index = stop.index + 1
    }
  }

  /// ITSTATE before record `index`: 0 unless it stands in an IT block.
  private func state(at index: Int) -> UInt8 {
    var first = index
    var count = 0
    // At most four instructions back, and as many skips between them.
    for _ in 0..<8 {
      first -= 1
      let record = cache.records[first]
      switch record.operation {
      case .header, .end, .ghost: return 0
      case .skip: continue
      case .it, .itEq, .itNe:
        var state = record.rs1
        for _ in 0..<count { state = Self.advanced(state) }
        return state
      default: count += 1
      }
      if count > 4 { return 0 }
    }
    return 0
  }

  /// The header of the block to enter now; `nil` when it does not fit into the budget, or nothing
  /// can be fetched.
  private mutating func enterableHeader(_ end: UInt64) -> Int? {
    let jump = unlinked
    unlinked = nil
    guard let header = cache.knownHeader(at: counter) ?? translate() else { return nil }
    if let jump, jump.target == counter, jump.generation == cache.generation {
      cache.records[jump.index].link = UInt32(header)
    }
    let length = UInt64(cache.records[header].immediate) / UInt64(Record.byteCount)
    return length <= end - stepCount ? header : nil
  }

  private mutating func translate() -> Int? {
    // Looked up before, as the cache is changed meanwhile.
    let checks = protectionApplies
    let protection = protection
    let isPrivileged = isPrivileged
    return cache.translate(at: counter, memory, context) { address in
      address >> 29 != 7
        && (!checks || protection.permits(address, .fetch, isPrivileged: isPrivileged))
    }
  }

  private mutating func leave(_ record: Record, _ stop: Stop) -> ARMv7MExit? {
    counter = stop.target
    itState = 0
    switch record.operation {
    case .bx, .blx, .popReturn, .tbb, .tbh: return nil
    default: break
    }
    guard stop.target == record.pc, record.operation != .end else {
      unlinked = UnlinkedJump(
        index: stop.index, target: stop.target, generation: cache.generation)
      return nil
    }
    // A jump to itself is never linked, so each time round comes here.
    return isStuck ? .hang(pc: pc) : nil
  }

  /// Whether a jump to itself is for ever: in the handler of a fault, or when only an NMI could end
  /// it.
  private var isStuck: Bool {
    if (3...6).contains(exception) { return true }
    return executionPriority <= 0 && (masksInterrupts || masksFaults)
  }
}

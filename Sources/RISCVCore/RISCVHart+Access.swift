import CoreSupport
import WireTypes

/// An access that waits for the answer of the core's owner.
struct PendingAccess: Sendable {
  let operation: Operation
  let rd: UInt8
  let address: UInt32
  /// Where the program goes on.
  let following: UInt32

  var isStore: Bool { operation == .sb || operation == .sh || operation == .sw }
}

// Answers to the exits that ask for an access. Each is one step.
extension RISCVHart {
  /// Answers ``RISCVExit/load(address:width:)`` or ``RISCVExit/readTime(upperHalf:)``.
  ///
  /// - Parameter value: What was read; bits above the width are dropped.
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func completeLoad(_ value: UInt32) {
    guard let access = pendingAccess, !access.isStore else {
      preconditionFailure("no load waits for an answer")
    }
    registers[Int(access.rd)] = access.operation.extended(value)
    finish(access)
  }

  /// Answers ``RISCVExit/store(address:width:value:)``: the store is done.
  ///
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func completeStore() {
    guard let access = pendingAccess, access.isStore else {
      preconditionFailure("no store waits for an answer")
    }
    finish(access)
  }

  /// Answers any of the three: nothing is there.
  ///
  /// The program gets a load or store access fault, or for `time` an illegal-instruction
  /// exception. When its trap vector is unusable the next run returns
  /// ``RISCVExit/fatalTrap(_:)``. Where a translation unit answers, the next run returns
  /// ``RISCVExit/translationFault(_:)`` in any case.
  ///
  /// - Precondition: the last run ended with such an exit, and this is its first answer.
  public mutating func refuseAccess() {
    guard let access = pendingAccess else { preconditionFailure("no access waits for an answer") }
    pendingAccess = nil
    let outcome =
      switch access.operation {
      case .sb, .sh, .sw: accessFault(.storeAccessFault, value: access.address)
      case .lb, .lh, .lw, .lbu, .lhu: accessFault(.loadAccessFault, value: access.address)
      default: illegal()
      }
    queuedExit = outcome.exit
  }

  private mutating func finish(_ access: PendingAccess) {
    pendingAccess = nil
    counter = access.following
    stepCount &+= 1
  }
}

import CBoard
import _Volatile

/// Ways to crash, for firmware that tests how the host takes it.
public enum Misbehaviour {
  /// Stores through a pointer to nothing: a store access fault.
  public static func storeThroughWildPointer() {
    // SAFETY: nothing lies there on any board, so nothing can be overwritten.
    unsafe VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xdead_bee0).store(0x600d_cafe)
  }

  /// Runs an encoding that no processor implements.
  public static func runIllegalInstruction() { board_illegal_instruction() }

  /// Stays busy for ever, until the watchdog expires.
  public static func loopForever() -> Never {
    // Two instructions: a jump to itself would be noticed without a watchdog.
    while true { board_no_operation() }
  }
}

/// The registers of the doorbell: 32 bits each, at these byte offsets.
///
/// A store narrower than a word to a register's first byte writes its value with zeros above;
/// loads are whole words. Write-only registers read as 0, and stores to read-only ones do nothing.
public enum DoorbellRegister: UInt32, CaseIterable, Equatable, Sendable {
  /// W: the value is a notify id; the host is notified.
  case kick = 0x00
  /// R: bit n means that the host kicked notify id n; reading clears all bits.
  case pending = 0x04
  /// W: life-cycle word; 0xDEADcccc is a fatal error with code cccc.
  case state = 0x08
  /// W: write 1 to sleep until ``pending`` is not 0, or ``request`` if that is enabled.
  case idle = 0x0C
  /// RW: bit 0 connects ``pending`` to the interrupt line, bit 1 ``request``.
  case interruptEnable = 0x10
  /// R: as ``pending``, without clearing.
  case pendingPeek = 0x14
  /// W: the firmware ends with this code.
  case exit = 0x18
  /// W: one byte of console output.
  case console = 0x1C
  /// RW: N > 0 starts or feeds a watchdog of N milliseconds, 0 stops it; paused during sleep.
  case watchdog = 0x20
  /// R: what the host asks for, a ``HostRequest``; 0 when it asks for nothing.
  case request = 0x24
  /// W: the firmware's answer: the request it did, with bit 31 set one that it will not do.
  case acknowledge = 0x28
  /// RW: where the firmware that runs has its resource table; kept when a core restarts by itself.
  case table = 0x2C
  /// RW: bytes of that table; 0: nobody has said where it is.
  case tableByteCount = 0x30
}

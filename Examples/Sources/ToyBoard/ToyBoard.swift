import Remoteproc
import SharedMemory
import Vring
import WireTypes

/// A board with 1 MiB of RAM at 0x20000000 and three registers: reset, boot address, mailbox.
///
/// On silicon both windows are mappings of device memory; nothing else changes.
struct ToyBoard: PlatformDriver {
  /// Writes the notify id into the mailbox, which interrupts the remote; any thread.
  struct Bell: Doorbell {
    let registers: SharedWindow
    func kick(_ id: NotifyID) { registers.store(id.rawValue, at: Register.mailbox) }
  }

  /// Byte offsets of the registers, 32 bits each.
  private enum Register {
    static let reset = 0x0  // 1 holds the core in reset
    static let bootAddress = 0x4
    static let mailbox = 0x8
  }

  private let ram: SharedWindow
  private let registers: SharedWindow
  private var pool: DeviceMemoryPool
  private static let base = DeviceAddress(rawValue: 0x2000_0000)

  init(ram: SharedWindow, registers: SharedWindow) {
    self.ram = ram
    self.registers = registers
    registers.store(UInt32(1), at: Register.reset)
    // The core hands out the RAM: carveouts at the addresses that firmware wants.
    pool = DeviceMemoryPool(base: Self.base, physicalBase: nil, memory: ram, placement: .identity)
  }

  var doorbell: Bell { Bell(registers: registers) }

  mutating func reserve(_ ranges: [AddressRange<DeviceAddress>]) { pool.reserve(ranges) }

  mutating func allocate(_ request: MemoryRequest) throws(PlatformError) -> MemoryGrant {
    try pool.allocate(request)
  }

  mutating func release(_ grant: MemoryGrant) { pool.release(grant) }

  /// All RAM is visible to the remote, so segments may lie outside carveouts too.
  func translate(_ range: AddressRange<DeviceAddress>) -> SharedWindow? { pool.window(of: range) }

  mutating func start(at bootAddress: DeviceAddress) throws(PlatformError) {
    guard let address = UInt32(exactly: bootAddress.rawValue) else {
      throw .addressNotAvailable(bootAddress, byteCount: 4)
    }
    registers.store(address, at: Register.bootAddress)
    registers.store(UInt32(0), at: Register.reset)
  }

  mutating func stop() throws(PlatformError) { registers.store(UInt32(1), at: Register.reset) }
}

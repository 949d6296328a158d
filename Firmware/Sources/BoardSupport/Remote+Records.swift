import RPMsg
import SharedMemory
import Virtio
import WireTypes

// A table of version 0: 96 bytes for each record, no status, no features.
//
// Linux of 2011 kept the status to itself. A remote knew that its host was ready by the first
// message in its mailbox, which came when all buffers were in the rings; so it is here.
extension Remote {
  private static var recordByteCount: Int { 96 }
  private static var vringType: UInt32 { 3 }
  /// Rings of version 0 have no alignment of their own.
  private static var vringAlignment: UInt32 { 4096 }

  /// Waits for the first kick, and takes the rings that the records name.
  static func takeRecordRings(
    wait: Core.Wait
  ) -> RPMsgRemote<SharedWindow, DoorbellDevice> {
    Core.waitForKick(wait)
    guard let first = findRing(0), let second = findRing(1) else {
      Trace.line("no vrings in the resource table")
      Core.fail(FatalCode.table)
    }
    do throws(RPMsgError) {
      return try RPMsgRemote(
        transmitRing: first, receiveRing: second, reachable: reachable,
        program: MemoryMap.program, doorbell: DoorbellDevice(), endpointCapacity: 4)
    } catch {
      Trace.line("the host's rings cannot be used")
      Core.fail(FatalCode.rings)
    }
  }

  /// Vring `index` as the host has left it in its record.
  private static func findRing(_ index: UInt32) -> VirtioVringRecord? {
    let table = MemoryMap.table
    var offset = 0
    while offset &+ recordByteCount <= table.byteCount {
      if table.loadUInt32(at: offset) == vringType, table.loadUInt32(at: offset &+ 4) == index {
        return VirtioVringRecord(
          address: DeviceAddress(rawValue: table.loadUInt64(at: offset &+ 8)),
          alignment: vringAlignment, queueSize: table.loadUInt32(at: offset &+ 24),
          notifyID: NotifyID(rawValue: index))
      }
      offset &+= recordByteCount
    }
    return nil
  }
}

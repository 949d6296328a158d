import SharedMemory
import Virtio
import Vring

extension VirtioDevice {
  /// Vring `index`, which rpmsg needs, and its layout.
  func rpmsgVring(
    _ index: Int
  ) throws(RPMsgError) -> (vring: VirtioVring<Memory>, layout: VringLayout) {
    guard vrings.count >= 2 else { throw .missingVrings(count: vrings.count) }
    do throws(VringError) { return (vrings[index], try vrings[index].record.layout()) } catch {
      throw .vring(error)
    }
  }

  /// The memory for message buffers.
  func rpmsgBuffers() throws(RPMsgError) -> MappedMemory<Memory> {
    guard let buffers else { throw .bufferMemoryTooSmall(needed: 1, available: 0) }
    return buffers
  }
}

extension VirtioVring {
  /// The driver role of this ring, with the buffers of `block`.
  func rpmsgDriver(
    _ layout: VringLayout, _ block: RPMsgBufferBlock<Memory>,
    _ rule: VringDriver<Memory>.UsedLengthRule, usesEventIndex: Bool
  ) throws(RPMsgError) -> VringDriver<Memory> {
    do throws(VringError) {
      return try VringDriver(
        memory: memory, layout: layout, bufferLimit: block.count, usedLengthRule: rule,
        usesEventIndex: usesEventIndex)
    } catch { throw .vring(error) }
  }
}

public import RPMsg
public import SharedMemory
public import Virtio
import Vring
import WireTypes

/// Uses every call of the driver role once, so that it is compiled for each kind of processor:
/// firmware may be the driver, and the host the device.
public func echoAsDriver(
  _ device: VirtioDevice<SharedWindow>, sizes: RPMsgBufferSizes
) throws(RPMsgError) -> Bool {
  var transmitter = try RPMsgDriverTransmitter(device, sizes: sizes, usesEventIndex: true)
  var receiver = try RPMsgDriverReceiver(device, sizes: sizes)
  var payload = InlineArray<496, UInt8>(repeating: 0)
  var span = payload.mutableSpan
  // SAFETY: every bit pattern is a valid byte.
  var bytes = unsafe span.mutableBytes
  if case .message(let header)? = try receiver.receive(into: &bytes) {
    try transmitter.enqueue(
      bytes.bytes.extracting(first: Int(header.byteCount)), from: header.destination,
      to: header.source)
    _ = try transmitter.enqueue(
      batch: bytes.bytes, each: 8, from: header.destination, to: header.source)
  }
  if case .message(let message)? = try receiver.hold() {
    let buffer = try transmitter.reserve()
    message.copyPayload(into: &bytes)
    buffer.write(bytes.bytes)
    let header = message.header
    receiver.release(message)
    try transmitter.commit(
      buffer, byteCount: Int(header.byteCount), from: header.destination, to: header.source)
  }
  transmitter.cancel(try transmitter.reserve())
  let waits = try receiver.setNotifications(true)
  let wantsKick = receiver.publish()
  return transmitter.publish() || wantsKick || waits
}

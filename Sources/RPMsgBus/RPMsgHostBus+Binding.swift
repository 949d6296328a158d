import RPMsg
public import SharedMemory
public import Virtio
public import Vring

// Taking up a device in either role.
extension RPMsgHostBus {
  /// Takes over `device` as its driver: agrees on features, lends the receive buffers, sets the
  /// status to ready and kicks vring 0 once.
  ///
  /// Services may be announced as soon as notifications are passed on, so register service drivers
  /// before that, or later: a driver also gets the channels that are already there.
  ///
  /// - Parameters:
  ///   - device: an rpmsg device with two vrings; nobody else drives it.
  ///   - doorbell: how the remote is kicked; any thread may do so.
  ///   - options: limits.
  ///   - eventHandler: told of channels and drops, without a lock held; must not block for long.
  ///   - whenReceivable: asks for a call of ``notified(_:)`` soon, as messages can be received that
  ///     could not before; any thread calls it. `nil`: the bus receives them where it finds out.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``RPMsgBusError/wrongDevice(_:)``, with the device untouched;
  ///   ``RPMsgBusError/rings(_:)``, ``RPMsgBusError/device(_:)`` or
  ///   ``RPMsgBusError/bufferSizesRefused(version:byteCount:alignment:transmit:receive:)``, with its
  ///   status "failed".
  public convenience init(
    binding device: VirtioDevice<SharedWindow>, doorbell: some Doorbell,
    options: RPMsgBusOptions = RPMsgBusOptions(),
    eventHandler: @escaping @Sendable (RPMsgBusEvent) -> Void = { _ in },
    whenReceivable: (@Sendable () -> Void)? = nil
  ) throws(RPMsgBusError) {
    options.check()
    let binding = try DeviceBinding(device, options)
    let sizes = try binding.bufferSizes()
    var receiver = try binding.makeReceiver(sizes)
    let transmitter = try binding.makeTransmitter(sizes)
    let mustKick = receiver.publish()
    try binding.finish()
    self.init(
      BusEnds(binding, driver: receiver, transmitter), bell: BusBell(doorbell), options: options,
      whenReceivable: whenReceivable, eventHandler: eventHandler)
    if mustKick { kick(receiveID) }
  }

  /// Serves `device` whose driver is the other side, which has said that it is ready.
  ///
  /// The host is the virtio device then, as on a remote that a Linux drives. What the driver lends
  /// may lie anywhere in `reachable`; each address is checked.
  ///
  /// - Parameters:
  ///   - device: an rpmsg device with two vrings; its buffers are not looked at.
  ///   - reachable: the memory in which the driver's buffers may lie.
  ///   - doorbell: how the driver is kicked; any thread may do so.
  ///   - options: limits.
  ///   - eventHandler: told of channels and drops, without a lock held; must not block for long.
  ///   - whenReceivable: as for
  ///     ``init(binding:doorbell:options:eventHandler:whenReceivable:)``.
  /// - Precondition: the options are in their ranges.
  /// - Throws: ``RPMsgBusError/wrongDevice(_:)``, ``RPMsgBusError/driverNotReady(_:)`` or
  ///   ``RPMsgBusError/rings(_:)``; nothing was written.
  public convenience init(
    serving device: VirtioDevice<SharedWindow>, reachable: MappedMemory<SharedWindow>,
    doorbell: some Doorbell, options: RPMsgBusOptions = RPMsgBusOptions(),
    eventHandler: @escaping @Sendable (RPMsgBusEvent) -> Void = { _ in },
    whenReceivable: (@Sendable () -> Void)? = nil
  ) throws(RPMsgBusError) {
    options.check()
    let serving = try DeviceServing(device, reachable: reachable, options)
    let receiver = try serving.makeReceiver()
    let transmitter = try serving.makeTransmitter()
    self.init(
      BusEnds(serving, device: receiver, transmitter), bell: BusBell(doorbell), options: options,
      whenReceivable: whenReceivable, eventHandler: eventHandler)
  }
}

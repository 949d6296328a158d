public import RPMsgBus
public import Remoteproc
import Scheduling
import Virtio

/// The message buses of a processor, over all its lives.
///
/// Add it to a `RemoteProcessor`, or to the processor of a `ProcessorController`, before the
/// first boot. Each start of the processor, also after a crash, makes a bus for every rpmsg device
/// that its firmware offers, registers the service drivers on it, and passes the remote's
/// notifications on; each end closes them: senders fail, streams end, and nothing touches the
/// memory of the processor any more. Any thread may call.
public final class RPMsgSubdevice: Subdevice {
  private struct State {
    var drivers: [any RPMsgServiceDriver] = []
    var buses: [RPMsgHostBus] = []
    var tokens: [HandlerToken] = []
  }

  /// What messages call it.
  public let name = "rpmsg"
  private let inbox: ProcessorInbox
  private let options: RPMsgBusOptions
  private let eventHandler: @Sendable (RPMsgBusEvent) -> Void
  private let state = Guarded(State())

  /// Makes the sub-device of a processor.
  ///
  /// - Parameters:
  ///   - inbox: what the processor's platform reports to.
  ///   - options: limits of each bus.
  ///   - eventHandler: told of channels and drops of every bus; must not block for long.
  /// - Precondition: the options are in their ranges.
  public init(
    inbox: ProcessorInbox, options: RPMsgBusOptions = RPMsgBusOptions(),
    eventHandler: @escaping @Sendable (RPMsgBusEvent) -> Void = { _ in }
  ) {
    self.inbox = inbox
    self.options = options
    self.eventHandler = eventHandler
  }

  /// Lets `driver` serve all channels of its name, on the buses that are there and those to come.
  public func register(_ driver: some RPMsgServiceDriver) {
    let buses = state.withLock { state in
      state.drivers.append(driver)
      return state.buses
    }
    for bus in buses { bus.register(driver) }
  }

  /// Forgets all drivers; what they have opened stays theirs until the run ends.
  public func unregisterAll() { state.withLock { $0.drivers = [] } }

  /// The buses of the run that goes on; empty between two runs.
  public var buses: [RPMsgHostBus] { state.withLock { $0.buses } }

  /// Ends all messages of this run, so that nobody waits for a processor that is known to be gone.
  public func close() { for bus in buses { bus.close() } }

  /// Makes a bus for each rpmsg device.
  ///
  /// - Throws: `SubdeviceError.unusable(reason:)` when a device cannot be driven.
  public func start(_ resources: ProcessorResources) throws(SubdeviceError) {
    for vdev in resources.devices where vdev.isForDriver && vdev.id == .rpmsg {
      do throws(RPMsgBusError) { try bind(vdev, resources.doorbell) } catch {
        stop(crashed: false)
        throw .unusable(reason: "\(error)")
      }
    }
  }

  private func bind(
    _ vdev: Vdev, _ doorbell: ProcessorResources.Bell
  ) throws(RPMsgBusError) {
    let bus = try RPMsgHostBus(
      binding: vdev.device, doorbell: doorbell, options: options,
      eventHandler: eventHandler, whenReceivable: { [weak inbox] in inbox?.notify(nil) })
    let drivers = state.withLock { state in
      state.buses.append(bus)
      return state.drivers
    }
    // Before the first notification, so that no channel appears without its driver.
    for driver in drivers { bus.register(driver) }
    let token = inbox.addHandler { [weak inbox] id in
      if bus.notified(id) { inbox?.notify(id) }
    }
    state.withLock { $0.tokens.append(token) }
    // The remote may have kicked since the bus told it that the rings are valid.
    inbox.notify(nil)
  }

  /// Closes all buses.
  public func stop(crashed: Bool) {
    let (buses, tokens) = state.withLock { state in
      defer {
        state.buses = []
        state.tokens = []
      }
      return (state.buses, state.tokens)
    }
    for token in tokens { inbox.removeHandler(token) }
    for bus in buses { bus.close() }
  }
}

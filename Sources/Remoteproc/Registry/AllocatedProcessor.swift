/// A processor that exists but is not registered: nobody can find it.
///
/// It ends in exactly one of two ways: ``register(in:)``, or ``free()``, which also happens when it
/// goes out of scope.
public struct AllocatedProcessor<Platform: PlatformDriver & ~Copyable>: ~Copyable {
  /// Its controller, for what must be set up before the registration, such as sub-devices.
  public let controller: ProcessorController<Platform>

  /// Wraps a controller that nobody else uses yet.
  public init(_ controller: ProcessorController<Platform>) { self.controller = controller }

  /// Gives the processor up.
  public consuming func free() {}

  /// Makes the processor known under its name.
  ///
  /// Returns as soon as the name is taken. Then, meanwhile, the firmware is looked at for virtio
  /// devices, which are announced (``ControlEvent/announced(_:)``), and the processor is booted, or
  /// attached to, if its options say so.
  ///
  /// - Throws: ``RegistryError/badName(_:)`` or ``RegistryError/nameTaken(_:)``; the processor is
  ///   freed.
  public consuming func register(
    in registry: ProcessorRegistry
  ) async throws(RegistryError) -> RegisteredProcessor {
    try await registry.add(controller)
    let controller = controller
    let look = Task { await controller.finishRegistration() }
    return RegisteredProcessor(processor: controller, registry: registry, look: look)
  }
}

extension ProcessorController where Platform: ~Copyable {
  /// Looks at the firmware, announces its devices, and boots if the options say so.
  func finishRegistration() {
    do throws(RemoteprocError) {
      // Firmware that runs already tells its devices when it is attached to.
      if case .offline = state { tell(.announced(try lookAtFirmware())) }
      if options.bootsAutomatically { try boot() }
    } catch { tell(.registrationFailed(error)) }
  }
}

// Sub-devices in the order of their life.
extension RemoteProcessor where Platform: ~Copyable {
  /// Adds something that lives on the processor; it is prepared and started at the next boot,
  /// attach or recovery, after all that were added before.
  ///
  /// - Throws: ``RemoteprocError/illegalTransition(_:from:)`` unless the processor is offline or
  ///   detached.
  public mutating func add(_ subdevice: some Subdevice) throws(RemoteprocError) {
    switch phase {
    case .offline, .detached: subdevices.append(subdevice)
    case .running, .suspended, .crashed, .deleted:
      throw .illegalTransition(.boot, from: state)
    }
  }

  mutating func prepareSubdevices(_ session: inout BootSession) throws(RemoteprocError) {
    let resources = resources(of: session)
    for subdevice in subdevices {
      do throws(SubdeviceError) { try subdevice.prepare(resources) } catch {
        throw .subdevice(subdevice.name, error)
      }
      session.preparedSubdevices += 1
    }
  }

  mutating func startSubdevices(_ session: inout BootSession) throws(RemoteprocError) {
    let resources = resources(of: session)
    for subdevice in subdevices {
      do throws(SubdeviceError) { try subdevice.start(resources) } catch {
        throw .subdevice(subdevice.name, error)
      }
      session.startedSubdevices += 1
    }
  }

  mutating func stopSubdevices(_ session: inout BootSession, crashed: Bool) {
    for subdevice in subdevices.prefix(session.startedSubdevices).reversed() {
      subdevice.stop(crashed: crashed)
    }
    session.startedSubdevices = 0
  }

  mutating func unprepareSubdevices(_ session: inout BootSession) {
    for subdevice in subdevices.prefix(session.preparedSubdevices).reversed() {
      subdevice.unprepare()
    }
    session.preparedSubdevices = 0
  }

  private func resources(of session: BootSession) -> ProcessorResources {
    ProcessorResources(
      devices: session.devices, carveouts: session.carveouts, traces: session.traces,
      table: session.table, doorbell: ProcessorResources.Bell(platform.doorbell))
  }
}

public import Virtio

// What users ask for.
extension ProcessorController where Platform: ~Copyable {
  /// Boots the processor, or attaches to one that runs already.
  public func boot() throws(RemoteprocError) {
    switch state {
    case .offline:
      let image = try loadFirmware()
      try bring { (processor, options) throws(RemoteprocError) in
        try processor.boot(image, options: options)
      }
    case .detached:
      try bring { (processor, options) throws(RemoteprocError) in
        try processor.attach(options: options)
      }
    case .running, .attached, .suspended, .crashed, .deleted: try processor.join()
    }
  }

  private func bring(
    _ body: (inout RemoteProcessor<Platform>, BootOptions) throws(RemoteprocError) -> Void
  ) throws(RemoteprocError) {
    let options = options.boot
    try change { (processor) throws(RemoteprocError) in try body(&processor, options) }
    for notice in processor.notices { tell(.notice(notice)) }
  }

  /// Ends one use; the last one stops the processor.
  public func shutdown() throws(RemoteprocError) {
    let gracePeriod = options.gracePeriod
    checkTable()
    try change { (processor) throws(RemoteprocError) in
      try processor.shutdown(gracePeriod: gracePeriod)
    }
    settleCrash()
  }

  /// Ends one use of an attached processor, which runs on.
  public func detach() throws(RemoteprocError) {
    try change { (processor) throws(RemoteprocError) in try processor.detach() }
  }

  /// Stops the clock once the firmware agreed.
  public func suspend() throws(RemoteprocError) {
    try change { (processor) throws(RemoteprocError) in try processor.suspend() }
  }

  /// Lets the clock run again.
  public func resume() throws(RemoteprocError) {
    try change { (processor) throws(RemoteprocError) in try processor.resume() }
  }

  /// Stops the processor, whatever its users, and removes it for good.
  public func remove() throws(RemoteprocError) {
    while processor.userCount > 0 { try shutdown() }
    try change { (processor) throws(RemoteprocError) in try processor.delete() }
  }

  /// Tells those who follow if the remote has changed what is not its to change in the resource
  /// table; done at each crash and shutdown, and whenever somebody asks.
  public func checkTable() {
    if let tampering = processor.table?.tampering() { tell(.tableTampered(tampering)) }
  }

  /// Tells the hardware that the host is about to die.
  public func panic() -> Duration { processor.panic() }

  /// Looks at the firmware without booting it.
  public func lookAtFirmware() throws(RemoteprocError) -> [VirtioDeviceID] {
    try loadFirmware().virtioDevices(options.boot)
  }
}

/// Both ends in one thread: what a message costs without any cache miss.
///
/// The doorbell sets a word that the other side looks at, as its interrupt would.
struct OneThread<Driver: MessageEnd & ~Copyable> {
  let driver: Placed<Driver>
  let device: Placed<DeviceEnd>

  init(_ driver: consuming Driver, _ device: consuming DeviceEnd) {
    self.driver = Placed(driver)
    self.device = Placed(device)
  }

  /// Messages from the driver to the device, `batch` before the device looks.
  func toDevice(_ count: Int, byteCount: Int, batch: Int) -> Sample {
    device.value.pointee.restart(echoes: false, polls: false)
    let switches = Clock.involuntarySwitches
    let start = Clock.thread
    var number: UInt64 = 0
    while number < UInt64(count) {
      if batch == 1 {
        guard driver.value.pointee.send(number, byteCount: byteCount) else { fail(NoBuffer()) }
      } else {
        let sent = driver.value.pointee.send(
          batchFrom: number, count: batch, byteCount: byteCount)
        guard sent == batch else { fail(NoBuffer()) }
      }
      number &+= UInt64(batch)
      device.value.pointee.receive()
    }
    return sample(start, count, switches, device.value.pointee.inbox)
  }

  /// Messages from the device to the driver, one at a time.
  func toDriver(_ count: Int, byteCount: Int) -> Sample {
    driver.value.pointee.restart(echoes: false, polls: false)
    let switches = Clock.involuntarySwitches
    let start = Clock.thread
    for number in 0..<UInt64(count) {
      guard device.value.pointee.send(number, byteCount: byteCount) else { fail(NoBuffer()) }
      driver.value.pointee.receive()
    }
    return sample(start, count, switches, driver.value.pointee.inbox)
  }

  private func sample(_ start: UInt64, _ count: Int, _ switches: Int, _ inbox: Inbox) -> Sample {
    let time = Clock.thread - start
    inbox.check(count)
    return Sample(
      nanoseconds: Double(time) / Double(count),
      switches: Clock.involuntarySwitches - switches, probe: nil)
  }
}

/// The other side ought to have given buffers back.
struct NoBuffer: Error {}
/// Messages were lost, doubled or out of order.
struct WrongMessages: Error {
  var expected: Int
  var received: UInt64
  var errors: UInt64
}

extension Inbox {
  func check(_ count: Int) {
    guard received == UInt64(count), errors == 0 else {
      fail(WrongMessages(expected: count, received: received, errors: errors))
    }
  }
}

import CBench

/// The driver's end here, the device's on another processor; both poll, and suppress kicks.
struct TwoThreads<Driver: MessageEnd & ~Copyable> {
  let helper: Helper
  let driver: Placed<Driver>
  let device: Placed<DeviceEnd>

  init(_ helper: Helper, _ driver: consuming Driver, _ device: consuming DeviceEnd) {
    self.helper = helper
    self.driver = Placed(driver)
    self.device = Placed(device)
  }

  /// One message at a time, which comes back.
  func roundTrip(_ count: Int, byteCount: Int) -> Sample {
    driver.value.pointee.restart(echoes: false, polls: true)
    device.value.pointee.restart(echoes: true, polls: true)
    let (driver, device) = (driver, device)
    let sample = helper.bracketed(count) {
      helper.time({
        while device.value.pointee.inbox.received < UInt64(count) {
          device.value.pointee.receive()
        }
      }) {
        for number in 0..<UInt64(count) {
          while !driver.value.pointee.send(number, byteCount: byteCount) { bench_pause() }
          while driver.value.pointee.inbox.received <= number { driver.value.pointee.receive() }
        }
      }
    }
    device.value.pointee.inbox.check(count)
    driver.value.pointee.inbox.check(count)
    return sample
  }

  /// As many as find a buffer, `batch` with one publication.
  func oneWay(_ count: Int, byteCount: Int, batch: Int) -> Sample {
    device.value.pointee.restart(echoes: false, polls: true)
    let (driver, device) = (driver, device)
    let sample = helper.bracketed(count) {
      helper.time({
        while device.value.pointee.inbox.received < UInt64(count) {
          device.value.pointee.receive()
          bench_pause()
        }
      }) {
        var number: UInt64 = 0
        while number < UInt64(count) {
          let sent =
            batch == 1
            ? (driver.value.pointee.send(number, byteCount: byteCount) ? 1 : 0)
            : driver.value.pointee.send(
              batchFrom: number, count: min(batch, count - Int(number)), byteCount: byteCount)
          if sent == 0 { bench_pause() }
          number &+= UInt64(sent)
        }
      }
    }
    device.value.pointee.inbox.check(count)
    return sample
  }
}

import Remoteproc

/// Tells of each start and end of a processor, and follows its text in between.
///
/// The first sub-device of a session: what it tells comes before any message.
struct SessionFollower: Subdevice {
  let name = "session"
  let hub: SessionHub
  let inbox: ProcessorInbox

  func prepare(_ resources: ProcessorResources) throws(SubdeviceError) {
    // What an earlier run left says nothing about this one.
    inbox.discard()
  }

  func start(_ resources: ProcessorResources) throws(SubdeviceError) {
    ResourceEvents.log(
      carveouts: resources.carveouts, traces: resources.traces, devices: resources.devices,
      to: hub.log)
    hub.noteState(hub.nameOfUp)
    hub.text.follow(resources.traces)
  }

  func stop(crashed: Bool) {}

  /// Takes the last words, also those of firmware that was asked to finish.
  func unprepare() {
    hub.text.lookForTheLastTime()
    hub.text.release()
  }
}

extension SessionHub {
  /// Tells of a new state.
  func noteState(_ state: String) {
    let last = exchangeState(state)
    if last != state { log.add(.state(from: last, to: state)) }
  }
}

import Remoteproc
import TestSupport
import Testing
import Virtio

@Suite("Registry of processors", .timeLimit(.minutes(2)))
struct RegistryTests {
  private let registry = ProcessorRegistry()

  private func getError(_ name: String) async -> RegistryError? {
    do throws(RegistryError) {
      let reference = try await registry.get(name)
      try await reference.put()
      return nil
    } catch { return error }
  }

  @Test("Register announces virtio devices without a boot; unregister frees the name")
  func registration() async throws {
    let bench = try ControllerBench()
    try await bench.controller.setFirmware("other")
    let events = bench.controller.events()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    let seen = await collect(events) { if case .announced = $0 { true } else { false } }
    #expect(seen == [.announced([VirtioDeviceID(rawValue: 3), .rpmsg])])
    #expect(await bench.controller.state == .offline)
    #expect(await registry.names == ["dsp"])
    #expect(await registry.referenceCount(of: "dsp") == 1)
    #expect(await registry.processor(named: "dsp") === bench.controller)
    try await registered.unregister()
    #expect(await registry.names.isEmpty)
    #expect(await bench.controller.state == .deleted)
    #expect(await registry.processor(named: "dsp") == nil)
  }

  @Test("Firmware that cannot be looked at is told, and the processor stays registered")
  func missingFirmware() async throws {
    let bench = try ControllerBench()
    try await bench.controller.setFirmware("missing")
    let events = bench.controller.events()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    let seen = await collect(events) { _ in true }
    #expect(seen == [.registrationFailed(.firmware(name: "missing", errno: 2))])
    #expect(await registry.names == ["dsp"])
    try await registered.unregister()
  }

  @Test("An automatic boot comes with the registration, and a later user joins it")
  func autoBoot() async throws {
    let bench = try ControllerBench(autoBoot: true)
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    #expect(await bench.controller.state == .running)
    let reference = try await registry.get("dsp")
    #expect(await bench.controller.userCount == 2)
    try await reference.put()
    #expect(await bench.controller.state == .running)
    try await registered.unregister()
    #expect(await bench.controller.state == .deleted)
    #expect(bench.script.calls.contains("stop"))
  }

  @Test("Lookup boots and takes a reference; both counts are kept apart")
  func references() async throws {
    let bench = try ControllerBench()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    let one = try await registry.get("dsp")
    let two = try await registry.get("dsp")
    #expect(await registry.referenceCount(of: "dsp") == 3)
    #expect(await bench.controller.userCount == 2)
    // A shutdown by hand takes power, not validity.
    try await one.processor.shutdown()
    #expect(await bench.controller.userCount == 1)
    #expect(await registry.referenceCount(of: "dsp") == 3)
    try await one.processor.boot()
    try await one.put()
    #expect(await bench.controller.state == .running)
    try await two.put()
    #expect(await bench.controller.state == .offline)
    #expect(await registry.referenceCount(of: "dsp") == 1)
    try await registered.unregister()
  }

  @Test("A reference that goes out of scope gives its use back")
  func droppedReference() async throws {
    let bench = try ControllerBench()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    let events = bench.controller.events()
    do {
      let reference = try await registry.get("dsp")
      #expect(await reference.processor.state == .running)
    }
    let seen = await collect(events) { $0 == .state(from: .running, to: .offline) }
    #expect(seen.last == .state(from: .running, to: .offline))
    try await registered.unregister()
  }

  @Test("What was unregistered refuses everything that references ask for")
  func unregisterWithUsers() async throws {
    let bench = try ControllerBench()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    let reference = try await registry.get("dsp")
    try await registered.unregister()
    var refusal: RemoteprocError?
    do throws(RemoteprocError) { try await reference.processor.boot() } catch { refusal = error }
    #expect(refusal == .illegalTransition(.boot, from: .deleted))
    #expect(refusal?.errnoName == "ENODEV")
    var end: RegistryError?
    do throws(RegistryError) { try await reference.put() } catch { end = error }
    #expect(end == .processor(.illegalTransition(.shutdown, from: .deleted)))
    #expect(await getError("dsp") == .notFound("dsp"))
  }

  @Test("A name is unique, and free again after its owner is gone")
  func names() async throws {
    let first = try ControllerBench()
    let registered = try await AllocatedProcessor(first.controller).register(in: registry)
    var refusal: RegistryError?
    do throws(RegistryError) {
      let second = try await AllocatedProcessor(try! ControllerBench().controller)
        .register(in: registry)
      try await second.unregister()
    } catch { refusal = error }
    #expect(refusal == .nameTaken("dsp"))
    try await registered.unregister()
    let again = try await AllocatedProcessor(try ControllerBench().controller)
      .register(in: registry)
    try await again.unregister()
  }

  @Test(
    "A08 a name is 1 to 64 plain characters",
    arguments: ["", "a/b", "a b", "..\n", "ä", String(repeating: "x", count: 65), "a\0"])
  func badNames(name: String) async throws {
    let bench = try ControllerBench(name: name)
    var refusal: RegistryError?
    do throws(RegistryError) {
      let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
      try await registered.unregister()
    } catch { refusal = error }
    #expect(refusal == .badName(name))
  }

  @Test("A processor that was only allocated is freed without a trace")
  func free() async throws {
    let bench = try ControllerBench()
    AllocatedProcessor(bench.controller).free()
    #expect(bench.script.calls.isEmpty)
    #expect(await registry.names.isEmpty)
  }

  @Test("A lookup whose boot fails takes no reference")
  func failingBoot() async throws {
    let bench = try ControllerBench()
    let registered = try await AllocatedProcessor(bench.controller).register(in: registry)
    await registered.settled()
    bench.script.fail(at: 0)
    #expect(await getError("dsp") == .processor(.platform(.system(.prepare, errno: 5))))
    #expect(await registry.referenceCount(of: "dsp") == 1)
    try await registered.unregister()
  }
}

import Remoteproc
import TestSupport
import Testing
import WireTypes

@Suite("Writes to views", .timeLimit(.minutes(2)))
struct ViewWriteTests {
  private func command(_ text: String, _ path: String) throws -> Result<ViewCommand, ViewError> {
    let file = try #require(ViewFile(path))
    do throws(ViewError) { return .success(try ViewCommand(text.utf8, to: file)) } catch {
      return .failure(error)
    }
  }

  @Test("Words that the files take, with and without a line end")
  func words() throws {
    for (path, text, expected) in [
      ("sysfs/state", "start", .start), ("sysfs/state", "stop", .stop),
      ("sysfs/state", "detach", .detach), ("sysfs/recovery", "enabled", .recovers(true)),
      ("sysfs/recovery", "disabled", .recovers(false)), ("sysfs/recovery", "recover", .recover),
      ("debugfs/recovery", "recover", .recover), ("sysfs/coredump", "inline", .coredump(.inline)),
      ("debugfs/coredump", "enabled", .coredump(.copied)),
      ("debugfs/coredump", "disabled", .coredump(.off)),
      ("sysfs/firmware", "a b.elf", .firmware("a b.elf")),
    ] as [(String, String, ViewCommand)] {
      #expect(try command(text, path) == .success(expected))
      #expect(try command(text + "\n", path) == .success(expected))
      #expect(try command(text + "\n\0rest", path) == .success(expected))
    }
    #expect(try command("one\ntwo\n", "sysfs/firmware") == .success(.firmware("one")))
  }

  @Test("Anything else is refused with EINVAL, also the beginning of a word")
  func refused() throws {
    for (path, text) in [
      ("sysfs/state", ""), ("sysfs/state", "\n"), ("sysfs/state", "star"),
      ("sysfs/state", "start\n\n"), ("sysfs/state", " start"), ("sysfs/state", "Start"),
      ("sysfs/recovery", "e"), ("debugfs/recovery", "enable"), ("debugfs/coredump", "i"),
      ("sysfs/coredump", "default"), ("sysfs/firmware", ""), ("sysfs/firmware", "\nname"),
      ("debugfs/crash", ""), ("debugfs/crash", "+"), ("debugfs/crash", "-1"),
      ("debugfs/crash", "1 "), ("debugfs/crash", "0x"), ("debugfs/crash", "08"),
      ("debugfs/crash", "1a"), ("debugfs/crash", "++1"), ("debugfs/crash", "٣"),
    ] {
      let file = try #require(ViewFile(path))
      let result = try command(text, path)
      #expect(result == .failure(.invalid(file, text: Array(text.utf8))), "\(path) \(text)")
      if case .failure(let error) = result { #expect(error.errno == 22) }
    }
    var failure: ViewError?
    do throws(ViewError) { _ = try ViewCommand([0xff, 0xfe], to: .sysfs(.firmware)) } catch {
      failure = error
    }
    #expect(failure == .invalid(.sysfs(.firmware), text: [0xff, 0xfe]))
    #expect(failure?.description == "sysfs/firmware does not take \"\\xff\\xfe\"")
  }

  @Test("Files that only show refuse every write")
  func readOnly() throws {
    for path in [
      "sysfs/name", "debugfs/name", "debugfs/state", "debugfs/resource_table",
      "debugfs/carveout_memories", "debugfs/trace0",
    ] {
      let file = try #require(ViewFile(path))
      #expect(try command("x", path) == .failure(.notWritable(file)))
    }
    #expect(ViewError.notWritable(.sysfs(.name)).errno == 13)
  }

  @Test("Numbers of crashes as C reads them")
  func crashNumbers() throws {
    for (text, kind) in [
      ("0", .mmuFault), ("1\n", .watchdog), ("+2", .fatalError(code: 2)),
      ("0x1", .watchdog), ("0X1F", .fatalError(code: 31)), ("017", .fatalError(code: 15)),
      ("4294967295", .fatalError(code: 0xffff)), ("00", .mmuFault),
    ] as [(String, CrashKind)] {
      let report = CrashReport(kind: kind, detail: "reported by debugfs/crash")
      #expect(try command(text, "debugfs/crash") == .success(.crash(report)), "\(text)")
    }
    for text in ["4294967296", "99999999999999999999999999", "0x1ffffffff"] {
      #expect(try command(text, "debugfs/crash") == .failure(.outOfRange(.debugfs(.crash))))
    }
    #expect(ViewError.outOfRange(.debugfs(.crash)).errno == 34)
  }

  private func write(
    _ text: String, _ path: String, _ controller: ProcessorController<TestPlatform>
  ) async throws -> ViewError? {
    let file = try #require(ViewFile(path))
    do throws(ViewError) {
      try await controller.write(Array(text.utf8), to: file)
      return nil
    } catch { return error }
  }

  private func read(
    _ path: String, _ controller: ProcessorController<TestPlatform>
  ) async throws -> String? {
    let file = try #require(ViewFile(path))
    return await controller.view.contents(of: file).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("A processor's life by writes alone, with the errors of Linux")
  func life() async throws {
    let controller = try ControllerBench().controller
    #expect(try await write("stop\n", "sysfs/state", controller)?.errno == 22)
    #expect(try await write("other\n", "sysfs/firmware", controller) == nil)
    #expect(try await read("sysfs/firmware", controller) == "other\n")
    #expect(try await write("nothing\n", "sysfs/firmware", controller) == nil)
    #expect(try await write("start\n", "sysfs/state", controller)?.errno == 2)
    #expect(try await write("other\n", "sysfs/firmware", controller) == nil)
    #expect(try await write("start\n", "sysfs/state", controller) == nil)
    #expect(try await read("debugfs/state", controller) == "running (2)\n")
    #expect(try await write("other\n", "sysfs/firmware", controller)?.errno == 16)
    #expect(try await write("detach", "sysfs/state", controller)?.errno == 22)
    #expect(try await write("start", "sysfs/state", controller) == nil)
    #expect(try await write("stop", "sysfs/state", controller) == nil)
    #expect(try await read("sysfs/state", controller) == "running\n")
    #expect(try await write("stop", "sysfs/state", controller) == nil)
    #expect(try await read("sysfs/state", controller) == "offline\n")
  }

  @Test("Crashes and recovery by writes alone")
  func recovery() async throws {
    let controller = try ControllerBench().controller
    #expect(try await write("disabled", "sysfs/recovery", controller) == nil)
    #expect(try await read("debugfs/recovery", controller) == "disabled\n")
    #expect(try await write("start", "sysfs/state", controller) == nil)
    // To Linux the recovery of a processor that runs is no error.
    #expect(try await write("recover", "sysfs/recovery", controller) == nil)
    #expect(try await write("1", "debugfs/crash", controller) == nil)
    #expect(try await read("sysfs/state", controller) == "crashed\n")
    #expect(try await read("debugfs/crash", controller) == "1\n")
    let busy = try await write("enabled", "sysfs/coredump", controller)
    #expect(busy?.errno == 16)
    #expect(try await read("sysfs/coredump", controller) == "disabled\n")
    #expect(try await write("recover", "debugfs/recovery", controller) == nil)
    #expect(try await read("debugfs/state", controller) == "running (2)\n")
    #expect(try await read("sysfs/recovery", controller) == "disabled\n")
    #expect(try await write("2", "debugfs/crash", controller) == nil)
    #expect(try await read("debugfs/state", controller) == "crashed (3)\n")
    // Switched on it recovers at once, and from then on.
    #expect(try await write("enabled", "sysfs/recovery", controller) == nil)
    #expect(try await read("sysfs/state", controller) == "running\n")
    #expect(try await write("inline", "debugfs/coredump", controller) == nil)
    #expect(try await read("sysfs/coredump", controller) == "inline\n")
    #expect(try await write("stop", "sysfs/state", controller) == nil)
  }

  @Test("Firmware that somebody else has started is not known, and can be left running")
  func attached() async throws {
    let table = try TestFirmware([TestFirmware.rpmsg()]).table()
    let controller = try ControllerBench { platform in
      do { try platform.preload(table: table) } catch { Issue.record(error) }
    }.controller
    #expect(try await read("debugfs/state", controller) == "detached (6)\n")
    #expect(try await write("start", "sysfs/state", controller) == nil)
    #expect(try await read("debugfs/state", controller) == "attached (5)\n")
    #expect(try await read("sysfs/firmware", controller) == "unknown\n")
    #expect(try await write("detach", "sysfs/state", controller) == nil)
    #expect(try await read("sysfs/state", controller) == "detached\n")
    #expect(try await write("detach", "sysfs/state", controller)?.errno == 22)
  }
}

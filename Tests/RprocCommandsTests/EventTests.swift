import FirmwareFiles
import Foundation
import RPMsgBus
import RprocCommands
import Testing

@Suite("Events")
struct EventTests {
  static let all: [(Event, json: String, human: String)] = [
    (
      .state(from: "offline", to: "running"), #""from":"offline","to":"running""#,
      "state     offline -> running"
    ),
    (
      .resource(
        ResourceEvent(.carveout, name: "fw", da: 0x8000_0000, pa: 0x8000_0000, byteCount: 65536)),
      #""type":"carveout","name":"fw","da":"0x80000000","pa":"0x80000000","len":65536"#,
      "carveout  fw                da 0x80000000  64 KiB"
    ),
    (
      .trace(buffer: "trace0", text: "hi \u{1b}[2J"),
      #""buffer":"trace0","text":"hi \u001b[2J""#, #"trace     hi \u{1b}[2J"#
    ),
    (.console(text: "x"), #""text":"x""#, "console   x"),
    (
      .channel(name: "rpmsg-echo", address: 0x400, .created),
      #""name":"rpmsg-echo","address":1024,"action":"created""#,
      "channel   rpmsg-echo, remote 0x400"
    ),
    (
      .message(
        MessageEvent(
          channel: "c", source: 0x400, destination: 0x401, byteCount: 12, direction: .received,
          number: 1, text: "hello world!")),
      #""channel":"c","src":1024,"dst":1025,"len":12,"direction":"received","number":1,"#
        + #""text":"hello world!""#,
      #"message   #1   "hello world!"   from 0x400"#
    ),
    (
      .crash(
        CrashEvent(
          kind: "busfault", pc: 0x8000_0010, address: 4, detail: "store", symbol: "main+0x10",
          lastTrace: ["bye"])),
      #""kind":"busfault","pc":"0x80000010","address":"0x4","detail":"store","#
        + #""symbol":"main+0x10","trace":["bye"]"#,
      "crash     busfault   pc 0x80000010 (main+0x10)   address 0x4   store"
    ),
    (.exit(code: 3), #""code":3"#, "exit      code 3"),
    (
      .error(
        Failure(
          kind: "E.x", message: "bad", details: [JSONValue.Field("offset", .integer(4))],
          status: .refused)),
      #""kind":"E.x","message":"bad","offset":4"#, "error     bad"
    ),
    (.lost(count: 7), #""count":7"#, "lost      7 events came too fast to be shown"),
  ]

  @Test("Each event has its fields as JSON, and a line for people", arguments: 0..<all.count)
  func formats(index: Int) throws {
    let (event, json, human) = Self.all[index]
    let record = EventRecord(nanoseconds: 1_234_567, event: event)
    #expect(record.json.text == #"{"event":"\#(event.name)","t":0.001235,\#(json)}"#)
    _ = try JSONSerialization.jsonObject(with: Data(record.json.text.utf8))
    #expect(
      HumanEvents(palette: Palette(isColoured: false)).text(of: record) == "    1.2 ms   \(human)")
  }

  @Test("A summary tells what was measured, and only that")
  func summary() {
    var summary = SummaryEvent()
    summary.seconds = 0.25
    let text = SummaryText(palette: Palette(isColoured: false))
    #expect(text.line(summary) == "ran for 0.250 s")
    summary.messages = 100
    summary.latency = SummaryEvent.Latency(p50: 3000, p90: 5000, p99: 9000, max: 12_000)
    summary.instructions = 2_100_000
    summary.busySeconds = 0.00328
    #expect(
      text.line(summary)
        == "100 messages answered, 0 lost   round trip p50 3.0 us, p99 9.0 us   "
        + "2.1 M instructions, 640 MIPS")
    let json = EventRecord(nanoseconds: 0, event: .summary(summary)).json.text
    #expect(json.contains(#""messages":100,"bytes":0,"seconds":0.250000,"lost":0,"wrong":0"#))
    summary.messages = 1
    #expect(text.line(summary).hasPrefix("1 message answered, 0 lost   "))
    #expect(json.contains(#""p50_ns":3000,"p90_ns":5000,"p99_ns":9000,"max_ns":12000"#))
  }

  @Test("Events of many threads come out in the order of their times, none lost")
  func order() async {
    let log = EventLog()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<1000 { log.add(.console(text: "x")) } }
      }
    }
    let records = log.take()
    #expect(records.count == 4000)
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.nanoseconds <= $1.nanoseconds })
    #expect(log.take().isEmpty)
  }

  @Test("T05 A flood is cut and counted, but never how the run ended")
  func flood() {
    let log = EventLog()
    for _ in 0..<(EventLog.maxCount + 5) { log.add(.console(text: "x")) }
    log.add(.exit(code: 0))
    let records = log.take()
    #expect(records.count == EventLog.maxCount + 2)
    #expect(records[EventLog.maxCount].event == .exit(code: 0))
    #expect(records.last?.event == .lost(count: 5))
    log.add(.console(text: "x"))
    #expect(log.take().count == 1)
  }

  @Test("Text that waits is bounded in bytes")
  func textBound() {
    let log = EventLog()
    let line = String(repeating: "x", count: 1 << 20)
    for _ in 0..<20 { log.add(.console(text: line)) }
    #expect(log.take().count == (EventLog.maxTextByteCount >> 20) + 1)
  }

  @Test("An error's case and numbers become fields")
  func errorFields() {
    let (kind, fields) = ErrorFields.describe(
      ImageFileError.tooLarge(byteCount: 5, limit: 4, path: "p\n"))
    #expect(kind == "ImageFileError.tooLarge")
    #expect(
      fields == [
        JSONValue.Field("byteCount", .integer(5)), JSONValue.Field("limit", .integer(4)),
        JSONValue.Field("path", .string("p\\n")),
      ])
    let waited = ErrorFields.describe(RPMsgBusError.noAnswer(after: .milliseconds(1500)))
    #expect(waited.kind == "RPMsgBusError.noAnswer")
    #expect(waited.fields.map(\.value.text) == ["1.500000"])
  }
}

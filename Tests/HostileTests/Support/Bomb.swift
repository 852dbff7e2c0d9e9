import TaskwireTestSupport

/// A small message that is to become large, deep or slow where it is read.
struct Bomb: Sendable {
    let name: String
    let bytes: [UInt8]

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    private static let depth = 20_000
    private static let count = 100_000
    /// A field that no message has.
    private static let unknownField: UInt64 = 99

    /// Messages that are all to be refused.
    static let all = [
        Bomb("calls inside each other", nested(field: 1)),
        Bomb("unknown messages inside each other", nested(field: unknownField)),
        Bomb("unknown messages inside each other in a body", call("GetTask", nested(field: unknownField))),
        Bomb("groups inside each other", repeated([0x0b])),
        Bomb("unknown groups inside each other", repeated(Wire.varint(unknownField << 3 | 3))),
        Bomb("one call again and again", repeated(Wire.field(1, Wire.field(2, [])))),
        Bomb("a call and a batch in turns", repeated(Wire.field(1, []) + Wire.field(2, []))),
        Bomb("one submessage again and again", call("UpdateTask", Wire.text(1, "t") + repeated([0x3a, 0]))),
        Bomb("many labels", call("CreateTask", entries(field: 4))),
        Bomb("many empty labels", call("CreateTask", repeated([0x22, 0]))),
        Bomb("much metadata", Wire.field(1, Wire.text(1, "m") + entries(field: 6))),
        Bomb("many calls", Wire.field(2, repeated([0x0a, 0]))),
        Bomb("many unknown fields", repeated(Wire.number(unknownField, 0))),
    ]

    /// So many calls in one batch that are bad in different ways.
    static func batch(count: Int) -> [UInt8] {
        let calls = [
            content("GetTask", [0xff]),
            content("CreateTask", Wire.number(2, 1 << 63)),
            content("Nothing", []),
            content("WaitTask", Wire.text(1, "t")),
            Wire.text(1, "m") + Wire.field(3, [1]),
            [],
        ]
        return Wire.field(2, (0..<count).flatMap { Wire.field(1, calls[$0 % calls.count]) })
    }

    private static func call(_ method: String, _ body: [UInt8]) -> [UInt8] {
        Wire.field(1, content(method, body))
    }

    private static func content(_ method: String, _ body: [UInt8]) -> [UInt8] {
        Wire.text(1, "taskwire.v1.TaskService/\(method)") + Wire.field(2, body)
            + Wire.field(3, [UInt8](repeating: 1, count: 16))
    }

    private static func repeated(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](repeatElement(bytes, count: count).joined())
    }

    private static func entries(field: UInt64) -> [UInt8] {
        (0..<count).flatMap { Wire.field(field, Wire.text(1, "\($0)")) }
    }

    /// Messages inside each other, the innermost one empty.
    private static func nested(field: UInt64) -> [UInt8] {
        var headers: [[UInt8]] = []
        var byteCount = 0
        for _ in 0..<depth {
            headers.append(Wire.varint(field << 3 | 2) + Wire.varint(UInt64(byteCount)))
            byteCount += headers.last?.count ?? 0
        }
        return headers.reversed().flatMap(\.self)
    }
}

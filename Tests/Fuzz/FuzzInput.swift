/// Takes an input apart, from its front. Past the end everything is zero or empty.
struct FuzzInput {
    private var rest: Slice<UnsafeRawBufferPointer>

    /// All of `bytes`, which outlive this.
    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes[...]
    }

    /// What was not taken yet.
    var remainder: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: rest) }

    /// What was not taken yet, as text; what is no UTF-8 is replaced.
    var remainingText: String { String(decoding: rest, as: UTF8.self) }

    /// Takes one byte.
    mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// Takes eight bytes.
    mutating func number() -> Int64 {
        var number: Int64 = 0
        for _ in 0..<8 { number = number << 8 | Int64(byte()) }
        return number
    }

    /// Takes a byte that tells a length, and so many bytes of text; what is no UTF-8 is replaced.
    mutating func text() -> String {
        let count = Int(byte())
        defer { rest = rest.dropFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }
}

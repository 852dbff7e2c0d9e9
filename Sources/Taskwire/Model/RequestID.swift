/// 128 random bits that name one mutation: the same on every retry of it, so that it is applied once.
///
/// Source: AIP-155, "Request identification".
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// How many bytes an id has on the wire: 16.
    public static let byteCount = 16

    /// A new id from the system's random number generator.
    public static func random() -> RequestID {
        var generator = SystemRandomNumberGenerator()
        return RequestID(high: generator.next(), low: generator.next())
    }

    /// The id with these bytes, or `nil` unless there are exactly 16.
    public init?(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard let id = unsafe bytes.withUnsafeBytes({ unsafe RequestID(rawBytes: $0) }) else { return nil }
        self = id
    }

    /// The id with these bytes, or `nil` unless there are exactly 16.
    package init?(rawBytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count == RequestID.byteCount else { return nil }
        unsafe self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }

    /// The 16 bytes, the most significant first.
    public var bytes: [UInt8] {
        unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { unsafe Array($0) }
    }

    /// 32 hexadecimal digits.
    public var description: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

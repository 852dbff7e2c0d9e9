internal import Crypto

/// A SHA-256 over the fields of a request, the same in every process. Each value goes in with its length or
/// its presence, so that no two requests feed the same bytes.
struct Fingerprint {
    private var hash = SHA256()
    /// What goes into the hash together: each of its updates costs more than a few bytes do.
    private var pending: [UInt8] = []

    /// More bytes than this are not copied.
    private static let mostPending = 4096
    /// What most requests have.
    private static let usualPending = 512

    init() {
        pending.reserveCapacity(Self.usualPending)
    }

    mutating func feed(_ bytes: [UInt8]) {
        feed(UInt64(bytes.count))
        guard bytes.count > Self.mostPending else { return append(bytes) }
        flush()
        hash.update(data: bytes)
    }

    mutating func feed(_ text: String) {
        feed(UInt64(text.utf8.count))
        append(text.utf8)
    }

    mutating func feed(_ number: UInt64) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe append($0) }
    }

    private mutating func append(_ bytes: some Sequence<UInt8>) {
        pending.append(contentsOf: bytes)
        if pending.count > Self.mostPending { flush() }
    }

    private mutating func flush() {
        hash.update(data: pending)
        pending.removeAll(keepingCapacity: true)
    }

    mutating func feed(_ number: Int64) {
        feed(UInt64(bitPattern: number))
    }

    mutating func feed<Value>(_ value: Value?, with feedValue: (inout Fingerprint, Value) -> Void) {
        feed(UInt64(value == nil ? 0 : 1))
        if let value { feedValue(&self, value) }
    }

    mutating func feed(_ text: String?) {
        feed(text) { $0.feed($1) }
    }

    mutating func feed(_ number: Int64?) {
        feed(number) { $0.feed($1) }
    }

    mutating func feed(_ payload: Payload?) {
        feed(payload) {
            $0.feed($1.contentType)
            $0.feed($1.data)
        }
    }

    mutating func feed(_ labels: [String: String]) {
        feed(UInt64(labels.count))
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            feed(key)
            feed(value)
        }
    }

    /// The first bytes of the digest, at most 32.
    mutating func digest(byteCount: Int) -> [UInt8] {
        flush()
        return Array(hash.finalize().prefix(byteCount))
    }

    /// The first 64 bits of the digest.
    mutating func word() -> UInt64 {
        flush()
        return unsafe hash.finalize().withUnsafeBytes { digest in
            UInt64(littleEndian: unsafe digest.loadUnaligned(as: UInt64.self))
        }
    }
}

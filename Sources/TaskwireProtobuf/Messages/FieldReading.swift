internal import CTaskwireProtos
internal import Glibc
internal import Taskwire

extension String {
    /// Reads a `string` field.
    init(wire text: UnsafeMutablePointer<CChar>?) {
        self = unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    /// Reads a `string` field which mostly is one of the `common` texts, that then is not copied.
    init(wire text: UnsafeMutablePointer<CChar>?, common: [String]) {
        let known = unsafe text.flatMap { text in common.first { unsafe strcmp($0, text) == 0 } }
        self = unsafe known ?? String(wire: text)
    }
}

extension [UInt8] {
    /// Reads a `bytes` field. Only protobuf-c and ``Arena/bytes(_:)`` fill one, so that its length is right.
    init(wire bytes: ProtobufCBinaryData) {
        unsafe self.init(UnsafeBufferPointer(start: bytes.data, count: bytes.len))
    }
}

extension RequestID {
    /// Reads a `bytes` field; nil unless it has 16 bytes.
    init?(wire bytes: ProtobufCBinaryData) {
        unsafe self.init(rawBytes: UnsafeRawBufferPointer(start: bytes.data, count: bytes.len))
    }
}

extension [String] {
    /// Reads a repeated `string` field.
    init(wire texts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: Int) {
        self = unsafe UnsafeBufferPointer(start: texts, count: count).map { unsafe String(wire: $0) }
    }
}

extension [String: String] {
    /// Reads a `map<string, string>`; of entries with one key the last counts.
    init<Entry: StringEntry>(wire entries: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, count: Int) {
        guard count > 0 else {
            self = [:]
            return
        }
        self.init(minimumCapacity: count)
        let entries = unsafe UnsafeBufferPointer(start: entries, count: count)
        for index in entries.indices {
            guard let entry = unsafe entries[index] else { continue }
            unsafe self[String(wire: entry.pointee.key)] = String(wire: entry.pointee.value)
        }
    }
}

extension RawRepresentable where RawValue == UInt32 {
    /// The member of the one-member oneof whose case this is, read only where it is there.
    func member<Value>(_ value: @autoclosure () -> Value) -> Value? {
        rawValue == 0 ? nil : value()
    }
}

extension TaskwireError {
    /// The same error, with the field that it names seen from outside `field`.
    func inside(_ field: String) -> TaskwireError {
        guard reason == .invalidField else { return self }
        var error = self
        error.message = "\(field).\(message)"
        return error
    }
}

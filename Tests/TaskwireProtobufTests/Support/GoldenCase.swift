import Taskwire
import TaskwireProtobuf
import Testing

/// One value and its bytes as another implementation writes them:
/// `protoc --encode=taskwire.v1.TYPE --proto_path=Protos taskwire/v1/*.proto <<<TEXT`.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let type: String
    let text: String
    let bytes: [UInt8]
    /// Reads the bytes and throws the value away.
    let read: @Sendable ([UInt8]) throws -> Void
    /// Expects that the bytes mean the value and the value is written as them.
    let verify: @Sendable () throws -> Void

    init<Value: WireDecodable & WireEncodable & Equatable>(
        _ type: String,
        text: String,
        hex: String,
        _ value: Value
    ) {
        self.type = type
        self.text = text
        let bytes = [UInt8](hex: hex)
        self.bytes = bytes
        read = { bytes in _ = try Value(wire: bytes) }
        verify = {
            let read = try Value(wire: bytes)
            #expect(read == value)
            let written = try value.encoded()
            #expect(written == bytes)
        }
    }

    var testDescription: String { "\(type) { \(text) }" }
}

internal import TaskwireProtobuf

extension RPCCall {
    /// What it takes in a message at most, once its body is encoded.
    var maxByteCount: Int {
        let body = if case .encoded(let bytes) = body { bytes.count } else { 0 }
        let entries = metadata.reduce(0) {
            $0 + $1.key.utf8.count + $1.value.utf8.count + Self.fieldByteCount
        }
        return body + method.utf8.count + token.utf8.count + entries + 8 * Self.fieldByteCount
    }

    /// A field takes less than this beside its content.
    private static let fieldByteCount = 16
}

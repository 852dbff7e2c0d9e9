internal import CTaskwireProtos
package import Taskwire

/// One call of a method.
package struct RPCCall: Sendable {
    /// Most entries that ``metadata`` may have.
    package static let maxMetadataEntries = 16

    /// Full name, such as `taskwire.v1.TaskService/GetTask`.
    package var method: String
    /// The request of that method.
    package var body: RPCBody
    /// Names the mutation; `nil` on reads.
    package var requestID: RequestID?
    /// How long the caller will wait, in milliseconds; 0: the server's default.
    package var timeoutMilliseconds: Int64
    /// Credential; empty where the server asks for none.
    package var token: String
    /// Up to 16 entries for the server.
    package var metadata: [String: String]

    /// A call of `method`.
    package init(
        method: String,
        body: RPCBody,
        requestID: RequestID? = nil,
        timeoutMilliseconds: Int64 = 0,
        token: String = "",
        metadata: [String: String] = [:]
    ) {
        self.method = method
        self.body = body
        self.requestID = requestID
        self.timeoutMilliseconds = timeoutMilliseconds
        self.token = token
        self.metadata = metadata
    }
}

extension RPCCall: MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__call__init)

    /// A copy of the call.
    init(_ call: RPCCallView) {
        unsafe self.init(
            method: call.method,
            body: .encoded([UInt8](call.body)),
            requestID: call.requestID,
            timeoutMilliseconds: call.timeoutMilliseconds,
            token: call.token,
            metadata: call.metadata
        )
    }

    func write(to message: inout Taskwire__V1__Call, in arena: Arena) throws(TaskwireError) {
        unsafe message.method = try arena.string(method, "method")
        message.body = try arena.body(body)
        message.request_id = try arena.bytes(requestID?.bytes ?? [])
        message.timeout_ms = timeoutMilliseconds
        unsafe message.token = try arena.string(token, "token")
        unsafe message.metadata = try arena.entries(metadata, "metadata")
        message.n_metadata = metadata.count
    }
}

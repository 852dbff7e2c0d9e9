internal import Logging
internal import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// What is kept of a call for the log: who made it and which one it is, and nothing that a caller could make large.
///
/// Payloads and tokens are never in it.
struct CallNote: Sendable {
    /// Full name of the method, as the caller says it.
    let method: String
    let connection: Connection
    let requestID: RequestID?
    /// `traceparent` and `tracestate`.
    let trace: [String: String]
    /// Who calls; nil until that is known, and where nobody asks.
    var caller: Principal?
    /// Whose tasks the call is about; empty where nobody asks.
    var owner = ""

    private static let maxMethodLength = 100
    /// W3C Trace Context, section 3.3.1.1: what everybody passes on of `tracestate`.
    private static let maxTraceLength = 512

    init(_ call: RPCCallView, from connection: Connection) {
        method = Self.cut(call.method, to: Self.maxMethodLength)
        self.connection = connection
        requestID = call.requestID
        trace =
            call.isMetadataEmpty
            ? [:]
            : call.metadata.filter { ["traceparent", "tracestate"].contains($0.key) }
                .mapValues { Self.cut($0, to: Self.maxTraceLength) }
    }

    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["method": .string(method), "peer": .string(connection.peer)]
        if let caller { metadata["caller"] = "\(caller)" }
        if !owner.isEmpty { metadata["owner"] = .string(owner) }
        if let requestID { metadata["request_id"] = .string(requestID.description) }
        for (key, value) in trace { metadata[key] = .string(value) }
        return metadata
    }

    /// The beginning of a peer's text, so that neither a line of the log nor a message grows with it.
    private static func cut(_ text: String, to count: Int) -> String {
        text.utf8.count <= count ? text : String(decoding: text.utf8.prefix(count), as: UTF8.self)
    }
}

internal import FoundationEssentials
internal import Taskwire

/// A task as `--json` shows it: the `Task` of MCP 2025-11-25 and a `_meta` member for what MCP does not know.
struct TaskDocument {
    /// The one key in `_meta`.
    static let metadataKey = "io.taskwire/task"

    /// The task.
    let task: TaskState
    /// Whether the bytes of request and result are shown, or only what and how many they are.
    var showsPayloads = false
    /// The token of its lease, for whoever has just taken it.
    var leaseToken: LeaseTokenArgument?

    /// The whole of it.
    var json: JSONValue {
        get throws {
            guard case .object(var members) = try JSONReader.value(of: Array(JSONEncoder().encode(task)))
            else {
                throw JSONReader.Malformed()
            }
            members["_meta"] = [Self.metadataKey: .object(details)]
            return .object(members)
        }
    }

    private var details: [String: JSONValue] {
        var details: [String: JSONValue] = [
            "revision": .integer(task.revision),
            "cancelRequested": .bool(task.isCancelRequested),
            "labels": .object(task.labels.mapValues { .string($0) }),
        ]
        if !task.owner.isEmpty {
            details["owner"] = .string(task.owner)
        }
        details["progress"] = task.progress.map { progress in
            var value = ["current": JSONValue.number(progress.current)]
            value["total"] = progress.total.map { .number($0) }
            return .object(value)
        }
        details["immediateResponse"] = task.immediateResponse.map { .string($0) }
        details["lease"] = task.lease.map {
            ["worker": .string($0.worker), "expiresAt": .string($0.expiresAt.description)]
        }
        details["leaseToken"] = leaseToken.map { .string($0.description) }
        details["request"] = task.request.map { $0.document(showsBytes: showsPayloads) }
        details["result"] = task.result.map { $0.document(showsBytes: showsPayloads) }
        details["error"] = task.error.map(\.document)
        if !task.inputRequests.isEmpty {
            details["inputRequests"] = .object(
                Dictionary(
                    task.inputRequests.map { ($0.key, $0.payload.document(showsBytes: showsPayloads)) }
                ) {
                    $1
                }
            )
        }
        if !task.omittedFields.isEmpty {
            details["omittedFields"] = .array(task.omittedFields.map { .string($0) })
        }
        return details
    }
}

extension Payload {
    /// `contentType` and `size`, and with the bytes `text` where they are UTF-8, else `base64`.
    func document(showsBytes: Bool) -> JSONValue {
        var document: [String: JSONValue] = [
            "contentType": .string(contentType),
            "size": .integer(data.count),
        ]
        if showsBytes {
            if let text = String(validating: data, as: UTF8.self) {
                document["text"] = .string(text)
            } else {
                document["base64"] = .string(Data(data).base64EncodedString())
            }
        }
        return .object(document)
    }
}

extension TaskError {
    /// The error object of JSON-RPC 2.0.
    var document: JSONValue {
        var document: [String: JSONValue] = ["code": .integer(code), "message": .string(message)]
        document["data"] = data.map { data in
            (try? JSONReader.value(of: data)) ?? .string(String(decoding: data, as: UTF8.self))
        }
        return .object(document)
    }
}

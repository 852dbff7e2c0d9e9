import Synchronization
import Taskwire

/// Brings what tasks have to say to a client of the first generation, and its answers back.
///
/// Nothing is lost when a client goes away. A message leaves the task's queue only after it was written, and a
/// question stays open in the store until somebody has answered it: the next `tasks/result`, on any connection to
/// any process, asks it again, and a client of the second generation sees it all the while.
final class Messenger: Sendable {
    private struct Question: Hashable {
        var taskID: String
        var key: String
    }

    private struct State {
        var lastID: Int64 = 0
        /// What the client has been asked and not answered, by request id.
        var open: [JSONValue: Question] = [:]
        /// What need not be asked again. A user answers few enough that all can be remembered.
        var asked: Set<Question> = []
    }

    private let output: StandardOutput
    private let state = Mutex(State())

    /// A messenger that writes to `output`.
    init(output: StandardOutput) {
        self.output = output
    }

    /// Delivers the messages of a task until it has ended and there are none, or until there is a question that
    /// the client cannot be asked.
    ///
    /// - Parameters:
    ///   - metadata: What the messages have in their `_meta`.
    ///   - canAsk: Whether the client can ask its user.
    func deliver(
        messagesOf taskID: String,
        in store: any TaskStore,
        metadata: [String: JSONValue],
        canAsk: Bool
    ) async throws {
        // Questions that left the queue for a client that did not answer.
        let open = try await store.getTask(taskID, view: .full).inputRequests
        for request in open where canAsk {
            guard let message = Self.message(request.payload) else { continue }
            try await ask(Question(taskID: taskID, key: request.key), message, metadata)
        }
        let queue = TaskMessageQueue(of: taskID, in: store)
        do {
            while true {
                let message = try await queue.waitForMessage()
                guard canAsk || message.kind == .notification else { return }
                try await deliver(message, of: taskID, metadata)
                // Somebody else may have collected that message meanwhile, and this would be the next one.
                let collected = try await queue.dequeue()
                if let collected, collected != message { try await deliver(collected, of: taskID, metadata) }
            }
        } catch let error as TaskwireError where error.reason == .taskTerminal {
            return
        }
    }

    /// Takes the client's response to a question.
    ///
    /// A client that answers with an error could not ask: to the tool that is a user who did not choose, which both
    /// generations call `cancel`. Source: MCP 2025-11-25, "Elicitation", "Response Actions".
    func take(_ result: Result<JSONValue, RPCError>, to id: JSONValue, for store: any TaskStore) async {
        guard let question = state.withLock({ $0.open.removeValue(forKey: id) }) else {
            return StandardOutput.log("a response to a request that is not open: \(id)")
        }
        do {
            var answer: JSONValue = ["action": "cancel"]
            if case .success(let result) = result { answer = result }
            // That it is related to the task need not be said there.
            answer["_meta"] = nil
            let payload = Payload(data: try answer.bytes)
            _ = try await store.provideInput([question.key: payload], for: question.taskID)
        } catch {
            StandardOutput.log(
                "task \(question.taskID): the answer to \(question.key) was not taken: \(error)"
            )
            _ = state.withLock { $0.asked.remove(question) }
        }
    }

    private func deliver(
        _ message: TaskMessage,
        of taskID: String,
        _ metadata: [String: JSONValue]
    ) async throws {
        guard let content = Self.message(message.payload) else {
            return StandardOutput.log("task \(taskID): a message that is none of MCP's is left out")
        }
        switch message.kind {
        case .request:
            try await ask(Question(taskID: taskID, key: message.key), content, metadata)
        case .notification:
            try await output.send(Self.message(content, metadata))
        }
    }

    /// Asks a question, unless this client has it already.
    private func ask(_ question: Question, _ content: JSONValue, _ metadata: [String: JSONValue]) async throws
    {
        let id: JSONValue? = state.withLock { state in
            guard state.asked.insert(question).inserted else { return nil }
            state.lastID += 1
            state.open[.integer(state.lastID)] = question
            return .integer(state.lastID)
        }
        guard let id else { return }
        try await output.send(Self.message(content, metadata).adding(["id": id]))
    }

    /// What a tool queued, where that has a method and so can be a message of MCP. Anybody may queue anything.
    static func message(_ payload: Payload) -> JSONValue? {
        guard let content = try? JSONValue(bytes: payload.data), content["method"]?.string != nil else {
            return nil
        }
        return content
    }

    /// What a tool queued as a message, with `metadata` in its parameters.
    private static func message(_ content: JSONValue, _ metadata: [String: JSONValue]) -> JSONValue {
        var message = content.adding(["jsonrpc": "2.0"])
        if !metadata.isEmpty { message["params"] = (message["params"] ?? [:]).addingMetadata(metadata) }
        return message
    }
}

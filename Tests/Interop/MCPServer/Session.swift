import Synchronization
import Taskwire

/// One client at the other end of standard input and output.
///
/// Requests are answered at the same time and in the order in which they are done.
final class Session: Sendable {
    private struct InFlight {
        var task: Task<Void, Never>
        var isCancelled = false
    }

    private struct State {
        /// From `initialize`; `nil` before.
        var capabilities: ClientCapabilities?
        /// By request id.
        var inFlight: [JSONValue: InFlight] = [:]
        /// The client's responses on their way to the store.
        var responses: [JSONValue: Task<Void, Never>] = [:]
    }

    /// How many requests may be answered at once. One more is refused and not kept waiting: the client's next line
    /// could be the answer that all others wait for.
    private static let maximumInFlight = 1024

    private let workshop: Workshop
    private let output = StandardOutput()
    private let messenger: Messenger
    private let state = Mutex(State())

    /// A session whose tools work in `workshop`.
    init(workshop: Workshop) {
        self.workshop = workshop
        self.messenger = Messenger(output: output)
    }

    /// Serves the client until its input ends or the Swift task is cancelled, and returns when nothing is under way.
    func serve(_ input: StandardInput) async {
        do {
            for await line in input {
                switch line {
                case .bytes(let bytes): try await receive(bytes)
                case .tooLong:
                    let problem = "The line has more than \(StandardInput.maximumLength) bytes"
                    try await refuse(nil, .invalidRequest(problem))
                }
            }
        } catch {
            StandardOutput.log("the client has gone: \(error)")
        }
        let (inFlight, responses) = state.withLock { ($0.inFlight, $0.responses) }
        for request in inFlight.values { request.task.cancel() }
        for request in inFlight.values { await request.task.value }
        for response in responses.values { await response.value }
    }

    private func receive(_ line: [UInt8]) async throws {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return }
        switch ClientMessage(line) {
        case .request(let request):
            if let refusal = begin(request) { try await refuse(request.id, refusal) }
        case .notification(method: "notifications/cancelled", let params):
            // Ends the wait for a task and not the task: that is what tasks/cancel is for, in both generations.
            if let id = params["requestId"] { cancel(id) }
        case .notification:
            // Of `notifications/initialized` nothing depends.
            break
        case .response(let id, let result):
            let workshop = workshop
            let messenger = messenger
            state.withLock { state in
                state.responses[id] = Task {
                    await messenger.take(result, to: id, for: workshop.store)
                    self.state.withLock { $0.responses[id] = nil }
                }
            }
        case .malformed(let id, let error):
            try await refuse(id, error)
        }
    }

    /// Begins to answer a request; returns why not.
    private func begin(_ request: ClientMessage.Request) -> RPCError? {
        state.withLock { state in
            guard state.inFlight[request.id] == nil else {
                return .invalidRequest("The id is that of a request which has not been answered")
            }
            guard state.inFlight.count < Self.maximumInFlight else {
                return .internalError("More than \(Self.maximumInFlight) requests at once")
            }
            do throws(RPCError) {
                let generation = try Generation(of: request, isInitialized: state.capabilities != nil)
                if case .first = generation, request.method == "initialize" {
                    // What follows may be on its way already, and counts on it.
                    state.capabilities = ClientCapabilities(json: request.params["capabilities"] ?? [:])
                }
                let capabilities = state.capabilities ?? ClientCapabilities(json: [:])
                let task = Task { await self.answer(request, generation, capabilities) }
                state.inFlight[request.id] = InFlight(task: task)
                return nil
            } catch {
                return error
            }
        }
    }

    private func answer(
        _ request: ClientMessage.Request,
        _ generation: Generation,
        _ connection: ClientCapabilities
    ) async {
        var response: JSONValue = ["jsonrpc": "2.0", "id": request.id]
        do {
            response["result"] = try await result(of: request, generation, connection)
        } catch {
            // A client that has cancelled its request waits for nothing, and one that is gone neither.
            response["error"] = error is CancellationError ? nil : RPCError(error).json
        }
        let isWanted = state.withLock { $0.inFlight.removeValue(forKey: request.id)?.isCancelled == false }
        guard isWanted, response["result"] != nil || response["error"] != nil else { return }
        do {
            try await output.send(response)
        } catch {
            StandardOutput.log("the response to \(request.method) could not be written: \(error)")
        }
    }

    private func result(
        of request: ClientMessage.Request,
        _ generation: Generation,
        _ connection: ClientCapabilities
    ) async throws -> JSONValue {
        switch generation {
        case .first where request.method == "initialize":
            return FirstGeneration.initializeResult
        case .first:
            let methods = FirstGeneration(workshop: workshop, messenger: messenger, capabilities: connection)
            return try await methods.answer(request)
        case .second(let capabilities):
            return try await SecondGeneration(workshop: workshop, capabilities: capabilities).answer(request)
        }
    }

    private func cancel(_ id: JSONValue) {
        state.withLock { state in
            state.inFlight[id]?.isCancelled = true
            state.inFlight[id]?.task.cancel()
        }
    }

    private func refuse(_ id: JSONValue?, _ error: RPCError) async throws {
        var response: JSONValue = ["jsonrpc": "2.0", "error": error.json]
        response["id"] = id
        try await output.send(response)
    }
}

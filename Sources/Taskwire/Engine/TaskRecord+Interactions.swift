extension TaskRecord {
    /// One message or input request. The queue of a task is what nobody has taken; its open input requests are what
    /// nobody has answered. A notification that was taken is gone, a request stays: its key is used once in a task's life.
    package struct Interaction: Sendable, Hashable {
        /// Names it; unique among requests.
        package var key: String
        /// Whether an answer is expected.
        package var kind: TaskMessage.Kind
        /// What it says; `nil` once it is answered, when nobody needs it any more.
        package var payload: Payload?
        /// When it came.
        package var queuedAt: Timestamp
        /// Whether it was taken out of the queue.
        package var isDelivered: Bool
        /// The answer to a request.
        package var response: Payload?

        /// An interaction; one that has just come unless it says otherwise.
        package init(
            key: String,
            kind: TaskMessage.Kind,
            payload: Payload?,
            queuedAt: Timestamp,
            isDelivered: Bool = false,
            response: Payload? = nil
        ) {
            self.key = key
            self.kind = kind
            self.payload = payload
            self.queuedAt = queuedAt
            self.isDelivered = isDelivered
            self.response = response
        }

        /// Whether it is a request that nobody has answered.
        var isOpen: Bool { kind == .request && response == nil }

        /// As a queue hands it out.
        var message: TaskMessage? {
            payload.map { TaskMessage(key: key, kind: kind, payload: $0, enqueuedAt: queuedAt) }
        }

        /// About what it takes in a record or a reply.
        package var byteCount: Int {
            let payloads = [payload, response].compactMap(\.self)
            return payloads.reduce(64 + key.utf8.count) { $0 + $1.data.count + $1.contentType.utf8.count }
        }
    }

    /// The snapshot that the given view shows.
    package func viewed(as view: TaskView) -> TaskState {
        var snapshot = state.viewed(as: view)
        if view == .full { snapshot.inputRequests = openRequests }
        return snapshot
    }

    /// What is in the queue, the oldest first. After the end nobody waits for an answer.
    var queue: [TaskMessage] {
        interactions.lazy.filter(isQueued).compactMap(\.message)
    }

    /// What nobody has answered, the oldest first; nothing after the end.
    var openRequests: [InputRequest] {
        guard !state.status.isTerminal else { return [] }
        return interactions.lazy.filter(\.isOpen).compactMap { interaction in
            interaction.payload.map { InputRequest(key: interaction.key, payload: $0) }
        }
    }

    /// The request under `key`, answered or not.
    func request(_ key: String) -> Interaction? {
        interactions.first { $0.kind == .request && $0.key == key }
    }

    /// Adds a message or input request; a request makes the task `input_required`.
    /// - Throws: ALREADY_EXISTS / INPUT_KEY_USED, RESOURCE_EXHAUSTED / QUEUE_FULL.
    mutating func add(_ interaction: Interaction, limits: TaskLimits) throws(TaskwireError) {
        if interaction.kind == .request, request(interaction.key) != nil {
            throw TaskwireError(
                .alreadyExists,
                .inputKeyUsed,
                "key: \"\(interaction.key)\" was used in this task before",
                task: state.viewed(as: .basic)
            )
        }
        let queued = interactions.count(where: isQueued)
        guard queued < limits.maxMessagesPerTask else {
            throw full("\(queued) messages are queued, as many as a task may have")
        }
        if interaction.kind == .request {
            let open = interactions.count(where: \.isOpen)
            guard open < limits.maxInputRequestsPerTask else {
                throw full("\(open) input requests are open, as many as a task may have")
            }
            let asked = interactions.count { $0.kind == .request }
            guard asked < TaskLimits.maxInputRequestsInLife else {
                throw full("\(asked) input requests were made, as many as a task may make in its life")
            }
        }
        guard hasRoom(for: interaction.byteCount, limits) else {
            throw full(Self.noRoom(limits))
        }
        interactions.append(interaction)
        if interaction.kind == .request { state.status = .inputRequired }
    }

    /// Takes up to `count` messages out of the queue, the oldest first, and returns how many. Of more bytes than a task may
    /// keep now, which may be less than it was, only the first are taken, so that they have room in a reply.
    mutating func takeMessages(_ count: Int, by requestID: RequestID, limits: TaskLimits) -> Int {
        var messages: [TaskMessage] = []
        var room = limits.maxInteractionBytes
        for index in interactions.indices where messages.count < count && isQueued(interactions[index]) {
            room -= interactions[index].byteCount
            guard messages.isEmpty || room >= 0 else { break }
            guard let message = interactions[index].message else { continue }
            messages.append(message)
            interactions[index].isDelivered = true
        }
        interactions.removeAll { $0.isDelivered && $0.kind == .notification }
        if !messages.isEmpty { deliveries.append(Delivery(requestID: requestID, messages: messages)) }
        return messages.count
    }

    /// Answers those of the questions that are open, and returns their keys, sorted. When none is left the task is
    /// `working` again.
    /// - Throws: RESOURCE_EXHAUSTED / TOO_LARGE where the answers have no room; none is taken then.
    mutating func answer(
        _ responses: [String: Payload],
        limits: TaskLimits
    ) throws(TaskwireError) -> [String] {
        var acceptedKeys: [String] = []
        for index in interactions.indices where interactions[index].isOpen {
            guard let response = responses[interactions[index].key] else { continue }
            interactions[index].response = response
            interactions[index].payload = nil
            acceptedKeys.append(interactions[index].key)
        }
        guard acceptedKeys.isEmpty || hasRoom(for: 0, limits) else {
            throw TaskwireError(.resourceExhausted, .tooLarge, "responses: \(Self.noRoom(limits))")
        }
        if !acceptedKeys.isEmpty, state.status == .inputRequired, !interactions.contains(where: \.isOpen) {
            state.status = .working
        }
        return acceptedKeys.sorted()
    }

    private func isQueued(_ interaction: Interaction) -> Bool {
        guard !interaction.isDelivered else { return false }
        return interaction.kind == .notification || interaction.isOpen && !state.status.isTerminal
    }

    private func hasRoom(for byteCount: Int, _ limits: TaskLimits) -> Bool {
        interactions.reduce(byteCount) { $0 + $1.byteCount } <= limits.maxInteractionBytes
    }

    private static func noRoom(_ limits: TaskLimits) -> String {
        "there is no room: a task keeps at most \(limits.maxInteractionBytes) bytes of messages, questions and answers"
    }

    private func full(_ message: String) -> TaskwireError {
        TaskwireError(.resourceExhausted, .queueFull, message, task: state.viewed(as: .basic))
    }
}

internal import CTaskwireProtos
package import Taskwire

extension MutationLog: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__storage__v1__mutation_log__init)

    init(_ message: Taskwire__Storage__V1__MutationLog) throws(TaskwireError) {
        let creations = try MutationOutcome.Creation.readAll(
            message.creations,
            count: message.n_creations,
            "creations"
        )
        let mutations = try StoredMutation.readAll(
            message.mutations,
            count: message.n_mutations,
            "mutations"
        )
        var entries: [Entry] = []
        entries.reserveCapacity(mutations.count)
        for mutation in mutations {
            guard creations.indices.contains(mutation.creation) else {
                throw .invalidField("mutations.creation", "there is no creation \(mutation.creation)")
            }
            var entry = mutation.entry
            entry.outcome.creation = creations[mutation.creation]
            entries.append(entry)
        }
        self.init(entries: entries)
    }

    func write(to message: inout Taskwire__Storage__V1__MutationLog, in arena: Arena) throws(TaskwireError) {
        var creations: [MutationOutcome.Creation] = []
        let mutations = entries.map { entry in
            // Nearly always the last one: tasks under one id follow each other.
            let index = creations.lastIndex(of: entry.outcome.creation) ?? creations.count
            if index == creations.count { creations.append(entry.outcome.creation) }
            return StoredMutation(entry: entry, creation: index)
        }
        message.creations = try arena.messages(creations, "creations")
        message.n_creations = creations.count
        message.mutations = try arena.messages(mutations, "mutations")
        message.n_mutations = mutations.count
    }
}

/// One entry of the log, whose creation is given by its index.
private struct StoredMutation {
    var entry: MutationLog.Entry
    var creation: Int
}

extension StoredMutation: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__storage__v1__mutation__init)

    init(_ message: Taskwire__Storage__V1__Mutation) throws(TaskwireError) {
        guard let requestID = RequestID(bytes: [UInt8](wire: message.request_id)) else {
            throw .invalidField("request_id", "has not \(RequestID.byteCount) bytes")
        }
        entry = MutationLog.Entry(
            requestID: requestID,
            fingerprint: message.fingerprint,
            outcome: MutationOutcome(of: try TaskState.readRequired(message.outcome, "outcome"))
        )
        creation = Int(message.creation)
    }

    func write(to message: inout Taskwire__Storage__V1__Mutation, in arena: Arena) throws(TaskwireError) {
        message.request_id = try arena.bytes(entry.requestID.bytes)
        message.fingerprint = entry.fingerprint
        message.creation = UInt32(creation)
        var state = entry.outcome.applied(to: Self.nothing)
        state.createdAt = Self.nothing.createdAt
        state.labels = [:]
        state.immediateResponse = nil
        message.outcome = try arena.message(state, "outcome")
    }

    private static let nothing = TaskState(
        id: "",
        owner: "",
        createdAt: Timestamp(millisecondsSince1970: 0)
    )
}

extension MutationOutcome.Creation: MessageReadable, MessageWritable {
    static let descriptor = MessageDescriptor(taskwire__storage__v1__creation__init)

    init(_ message: Taskwire__Storage__V1__Creation) throws(TaskwireError) {
        self.init(
            createdAt: Timestamp(millisecondsSince1970: message.created_at_unix_ms),
            labels: [String: String](wire: message.labels, count: message.n_labels),
            immediateResponse: message.immediate_response_oneof_case.member(
                String(wire: message.immediate_response)
            )
        )
    }

    func write(to message: inout Taskwire__Storage__V1__Creation, in arena: Arena) throws(TaskwireError) {
        message.created_at_unix_ms = createdAt.millisecondsSince1970
        message.labels = try arena.entries(labels, "labels")
        message.n_labels = labels.count
        if let immediateResponse {
            message.immediate_response_oneof_case =
                TASKWIRE__STORAGE__V1__CREATION__IMMEDIATE_RESPONSE_ONEOF_IMMEDIATE_RESPONSE
            message.immediate_response = try arena.string(immediateResponse, "immediate_response")
        }
    }
}

internal import CTaskwireProtos
package import Taskwire

/// A record as the storages keep it, but for its log of mutations, which is a message of its own: only writers need it.
extension TaskRecord: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__record__init)

    init(_ message: Taskwire__Storage__V1__Record) throws(TaskwireError) {
        unsafe self.init(state: try TaskState.readRequired(message.state, "state"))
        endedAt = message.ended_at_unix_ms_oneof_case.member(
            Timestamp(millisecondsSince1970: message.ended_at_unix_ms)
        )
        tombstone = try unsafe Tombstone.read(message.tombstone, "tombstone")
        interactions = try unsafe Interaction.readAll(
            message.interactions,
            count: message.n_interactions,
            "interactions"
        )
        leaseSecret = try unsafe LeaseSecret.read(message.lease_secret, "lease_secret")
        deliveries = try unsafe Delivery.readAll(
            message.deliveries,
            count: message.n_deliveries,
            "deliveries"
        )
        createdLead = message.created_lead_ms
        updatedLead = message.updated_lead_ms
    }

    func write(to message: inout Taskwire__Storage__V1__Record, in arena: Arena) throws(TaskwireError) {
        unsafe message.state = try arena.message(state, "state")
        if let endedAt {
            message.ended_at_unix_ms_oneof_case =
                TASKWIRE__STORAGE__V1__RECORD__ENDED_AT_UNIX_MS_ONEOF_ENDED_AT_UNIX_MS
            message.ended_at_unix_ms = endedAt.millisecondsSince1970
        }
        unsafe message.tombstone = try arena.message(tombstone, "tombstone")
        unsafe message.interactions = try arena.messages(interactions, "interactions")
        message.n_interactions = interactions.count
        unsafe message.lease_secret = try arena.message(leaseSecret, "lease_secret")
        unsafe message.deliveries = try arena.messages(deliveries, "deliveries")
        message.n_deliveries = deliveries.count
        message.created_lead_ms = createdLead
        message.updated_lead_ms = updatedLead
    }
}

extension TaskRecord.Tombstone: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__tombstone__init)

    init(_ message: Taskwire__Storage__V1__Tombstone) throws(TaskwireError) {
        self.init(
            forgottenAt: Timestamp(millisecondsSince1970: message.forgotten_at_unix_ms),
            isExpired: message.is_expired != 0
        )
    }

    func write(to message: inout Taskwire__Storage__V1__Tombstone, in arena: Arena) throws(TaskwireError) {
        message.forgotten_at_unix_ms = forgottenAt.millisecondsSince1970
        message.is_expired = isExpired ? 1 : 0
    }
}

extension TaskRecord.LeaseSecret: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__lease_secret__init)

    init(_ message: Taskwire__Storage__V1__LeaseSecret) throws(TaskwireError) {
        self.init(
            token: [UInt8](wire: message.token),
            onLoss: LeaseLossPolicy(wire: message.on_loss),
            durationMilliseconds: message.lease_ms,
            lead: message.lead_ms
        )
    }

    func write(to message: inout Taskwire__Storage__V1__LeaseSecret, in arena: Arena) throws(TaskwireError) {
        message.token = try arena.bytes(token)
        message.on_loss = onLoss.wire
        message.lease_ms = durationMilliseconds
        message.lead_ms = lead
    }
}

extension TaskRecord.Interaction: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__interaction__init)

    init(_ message: Taskwire__Storage__V1__Interaction) throws(TaskwireError) {
        unsafe self.init(
            key: String(wire: message.key),
            kind: try TaskMessage.Kind(wire: message.kind, "kind"),
            payload: try Payload.read(message.payload, "payload"),
            queuedAt: Timestamp(millisecondsSince1970: message.queued_at_unix_ms),
            isDelivered: message.is_delivered != 0,
            response: try Payload.read(message.response, "response")
        )
    }

    func write(to message: inout Taskwire__Storage__V1__Interaction, in arena: Arena) throws(TaskwireError) {
        unsafe message.key = try arena.string(key, "key")
        message.kind = kind.wire
        unsafe message.payload = try arena.message(payload, "payload")
        message.queued_at_unix_ms = queuedAt.millisecondsSince1970
        message.is_delivered = isDelivered ? 1 : 0
        unsafe message.response = try arena.message(response, "response")
    }
}

extension TaskRecord.Delivery: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__delivery__init)

    init(_ message: Taskwire__Storage__V1__Delivery) throws(TaskwireError) {
        guard let requestID = RequestID(wire: message.request_id) else {
            throw .invalidField("request_id", "has not \(RequestID.byteCount) bytes")
        }
        unsafe self.init(
            requestID: requestID,
            messages: try TaskMessage.readAll(message.messages, count: message.n_messages, "messages")
        )
    }

    func write(to message: inout Taskwire__Storage__V1__Delivery, in arena: Arena) throws(TaskwireError) {
        message.request_id = try arena.bytes(requestID.bytes)
        unsafe message.messages = try arena.messages(messages, "messages")
        message.n_messages = messages.count
    }
}

/// The interactions and deliveries of a record by themselves, as a storage keeps them when they are large.
package struct TaskInteractions: Sendable, Hashable {
    /// Messages and input requests, the oldest first.
    package var interactions: [TaskRecord.Interaction]
    /// What was taken by calls that may be repeated, the oldest first.
    package var deliveries: [TaskRecord.Delivery]

    /// Those of `record`.
    package init(of record: TaskRecord) {
        interactions = record.interactions
        deliveries = record.deliveries
    }
}

extension TaskInteractions: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__storage__v1__interactions__init)

    init(_ message: Taskwire__Storage__V1__Interactions) throws(TaskwireError) {
        interactions = try unsafe TaskRecord.Interaction.readAll(
            message.interactions,
            count: message.n_interactions,
            "interactions"
        )
        deliveries = try unsafe TaskRecord.Delivery.readAll(
            message.deliveries,
            count: message.n_deliveries,
            "deliveries"
        )
    }

    func write(to message: inout Taskwire__Storage__V1__Interactions, in arena: Arena) throws(TaskwireError) {
        unsafe message.interactions = try arena.messages(interactions, "interactions")
        message.n_interactions = interactions.count
        unsafe message.deliveries = try arena.messages(deliveries, "deliveries")
        message.n_deliveries = deliveries.count
    }
}

/// A field of a task that a message without room can do without. The raw value is its name on the wire.
package enum OmissibleField: String {
    case result
    case request
    case error
    case immediateResponse = "immediate_response"
    case statusMessage = "status_message"
    case labels
}

extension TaskState {
    /// The fields that the task has and a message can do without, in the order in which they are left out.
    ///
    /// Payloads come first, as each can be had alone; the last one that is there comes after the texts, since somebody wants
    /// it. Input requests are never left out: all of them together have at most half of a message.
    package var omissibleFields: [OmissibleField] {
        var payloads: [OmissibleField] = []
        if result != nil { payloads.append(.result) }
        if request != nil { payloads.append(.request) }
        if error != nil { payloads.append(.error) }
        let last = inputRequests.isEmpty ? payloads.popLast() : nil
        var texts: [OmissibleField] = []
        if immediateResponse != nil { texts.append(.immediateResponse) }
        if statusMessage != nil { texts.append(.statusMessage) }
        if !labels.isEmpty { texts.append(.labels) }
        return payloads + texts + (last.map { [$0] } ?? [])
    }

    /// Leaves a field out, and says so in ``omittedFields``.
    package mutating func omit(_ field: OmissibleField) {
        switch field {
        case .result: result = nil
        case .request: request = nil
        case .error: error = nil
        case .immediateResponse: immediateResponse = nil
        case .statusMessage: statusMessage = nil
        case .labels: labels = [:]
        }
        omittedFields.append(field.rawValue)
    }
}

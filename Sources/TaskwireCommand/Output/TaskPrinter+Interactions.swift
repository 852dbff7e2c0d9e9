internal import Taskwire

extension TaskPrinter {
    /// The message of a queue.
    /// - Throws: ``CommandFailure`` where there is none.
    func show(_ delivery: MessageDelivery) throws {
        guard let message = delivery.message else {
            throw CommandFailure("no message is queued in task \(delivery.task.id)")
        }
        try show(message)
    }

    /// The bytes of a message, and to programs what else is known of it.
    func show(_ message: TaskMessage) throws {
        guard !isJSON else { return try showJSON(message.document) }
        try StandardOutput.write(message.payload.data)
    }

    /// What was in a queue, a line for each message.
    func show(_ messages: [TaskMessage]) throws {
        guard !isJSON else { return try showJSON(.array(messages.map(\.document))) }
        guard !messages.isEmpty else { return StandardError.write("No messages.\n") }
        let rows = messages.map { message in
            [
                TextTable.Cell(message.enqueuedAt.description), .init(message.kind.name),
                .init(message.key.isEmpty ? "-" : message.key), .init(content(of: message.payload)),
            ]
        }
        try showTable(
            TextTable(headings: ["QUEUED", "KIND", "KEY", "PAYLOAD"], palette: palette, rows: rows)
        )
    }

    /// Open questions, a line for each.
    func show(_ questions: [InputRequest]) throws {
        guard !isJSON else {
            let documents = questions.map { question -> JSONValue in
                ["key": .string(question.key), "payload": question.payload.document(showsBytes: true)]
            }
            return try showJSON(.array(documents))
        }
        guard !questions.isEmpty else { return StandardError.write("No open questions.\n") }
        let rows = questions.map { [TextTable.Cell($0.key), .init(content(of: $0.payload))] }
        try showTable(TextTable(headings: ["KEY", "PAYLOAD"], palette: palette, rows: rows))
    }

    /// Text as it is, anything else by what and how much it is.
    private func content(of payload: Payload) -> String {
        String(validating: payload.data, as: UTF8.self) ?? summary(of: payload)
    }
}

extension TaskMessage {
    /// The message as `--json` shows it.
    fileprivate var document: JSONValue {
        [
            "key": .string(key),
            "kind": .string(kind.name),
            "enqueuedAt": .string(enqueuedAt.description),
            "payload": payload.document(showsBytes: true),
        ]
    }
}

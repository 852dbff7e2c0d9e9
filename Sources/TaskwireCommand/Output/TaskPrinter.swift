internal import Taskwire

/// Shows tasks on standard output: to people in tables, to programs as JSON.
struct TaskPrinter: Sendable {
    /// Whether a program reads.
    let isJSON: Bool
    /// Colours of what people read.
    let palette: Palette

    /// One line about a task, such as the reply of an operation that changed it.
    func show(_ task: TaskState) throws {
        guard !isJSON else { return try showJSON(TaskDocument(task: task).json) }
        try StandardOutput.writeLine(summary(of: task))
    }

    /// Tells on standard error when a task lives less long than it was to.
    func tell(ifLowered ttl: DurationArgument?, of task: TaskState) {
        guard let ttl, let stored = task.ttl, stored < ttl.duration else { return }
        StandardError.complain(
            "the ttl \(ttl) was lowered to \(DurationText(stored)), the longest that the server allows"
        )
    }

    /// Everything about a task.
    func showDetails(of task: TaskState, withPayloads: Bool) throws {
        guard !isJSON else {
            return try showJSON(TaskDocument(task: task, showsPayloads: withPayloads).json)
        }
        try showTable(TextTable(details(of: task)))
        guard withPayloads else { return }
        let questions = task.inputRequests.map { ("input wanted, \($0.key)", Optional($0.payload)) }
        for (name, payload) in [("request", task.request), ("result", task.result)] + questions {
            guard let payload else { continue }
            try StandardOutput.writeLine("\n" + palette.heading(PlainText.line("\(name):")))
            let text = String(validating: payload.data, as: UTF8.self)
            if !StandardOutput.isTerminal || text.map(PlainText.isHarmless) == true {
                try StandardOutput.write(payload.data + (payload.data.last == newline ? [] : [newline]))
            } else {
                try StandardOutput.writeLine("(\(payload.data.count) bytes that are not plain text)")
            }
        }
    }

    /// A listing.
    func show(_ tasks: [TaskState]) throws {
        guard !isJSON else { return try showJSON(.array(tasks.map { try TaskDocument(task: $0).json })) }
        guard !tasks.isEmpty else { return StandardError.write("No tasks.\n") }
        let hasLabels = tasks.contains { !$0.labels.isEmpty }
        let now = Timestamp.now
        let rows = tasks.map { task in
            let (age, isAbsurd) = now.millisecondsSince1970
                .subtractingReportingOverflow(task.createdAt.millisecondsSince1970)
            return [
                .init(task.id),
                statusCell(task),
                .init(progress(of: task) ?? "-"),
                .init(isAbsurd ? "-" : DurationText(milliseconds: age / 1000 * 1000).description),
                .init(task.ttl.map { DurationText($0).description } ?? "-"),
            ]
                + (hasLabels ? [.init(labels(of: task) ?? "-")] : [])
                + [TextTable.Cell(task.statusMessage ?? "")]
        }
        let headings =
            ["ID", "STATUS", "PROGRESS", "AGE", "TTL"] + (hasLabels ? ["LABELS"] : []) + ["MESSAGE"]
        try showTable(TextTable(headings: headings, palette: palette, rows: rows))
    }

    /// Any JSON, in a line.
    func showJSON(_ value: JSONValue) throws {
        try StandardOutput.writeLine(value.description)
    }

    /// The lines of a table.
    func showTable(_ table: TextTable) throws {
        try StandardOutput.writeLine(table.lines.joined(separator: "\n"))
    }

    /// Identity, status, progress and message in one line.
    func summary(of task: TaskState) -> String {
        let status = palette.paint(task.status.rawValue, as: task.status)
        let rest = [progress(of: task), note(on: task), task.statusMessage.map(PlainText.line)]
        return ([PlainText.line(task.id), status] + rest.compactMap(\.self)).joined(separator: "   ")
    }

    private func details(of task: TaskState) -> [[TextTable.Cell]] {
        var rows: [(String, TextTable.Cell)] = [("id", .init(task.id)), ("status", statusCell(task))]
        func add(_ name: String, _ value: String?) {
            if let value { rows.append((name, .init(value))) }
        }
        add("message", task.statusMessage)
        add("progress", progress(of: task))
        add("cancellation", task.isCancelRequested && !task.status.isTerminal ? "requested" : nil)
        add("error", task.error.map { "\($0.message) (\($0.code))" })
        add("owner", task.owner.isEmpty ? nil : task.owner)
        add("labels", labels(of: task))
        add("created", task.createdAt.description)
        add("updated", task.lastUpdatedAt.description)
        add("ttl", task.ttl.map { DurationText($0).description } ?? "no limit")
        add("poll interval", DurationText(task.pollInterval).description)
        add("revision", "\(task.revision)")
        add("worker", task.lease.map { "\($0.worker), until \($0.expiresAt)" })
        add("immediate response", task.immediateResponse)
        add("request", task.request.map(summary(of:)))
        add("result", task.result.map(summary(of:)))
        for request in task.inputRequests {
            add("input wanted", "\(request.key): \(summary(of: request.payload))")
        }
        add("left out", task.omittedFields.isEmpty ? nil : task.omittedFields.joined(separator: ", "))
        return rows.map { name, cell in [.init("\(name):", paint: palette.heading), cell] }
    }

    private func statusCell(_ task: TaskState) -> TextTable.Cell {
        .init(task.status.rawValue) { [palette] in palette.paint($0, as: task.status) }
    }

    /// What a payload is and how large, without its bytes.
    func summary(of payload: Payload) -> String {
        "\(payload.contentType), \(payload.data.count) bytes"
    }

    private func note(on task: TaskState) -> String? {
        task.isCancelRequested && !task.status.isTerminal ? "(cancellation requested)" : nil
    }

    private func labels(of task: TaskState) -> String? {
        guard !task.labels.isEmpty else { return nil }
        return task.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private func progress(of task: TaskState) -> String? {
        guard let progress = task.progress else { return nil }
        func plain(_ number: Double) -> String {
            Int64(exactly: number).map(String.init) ?? String(number)
        }
        guard let total = progress.total else { return plain(progress.current) }
        return "\(plain(progress.current))/\(plain(total))"
    }
}

private let newline = UInt8(ascii: "\n")

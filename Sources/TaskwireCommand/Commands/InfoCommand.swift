internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire info`
struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show the server's version, store, features and limits."
    )

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let info = try await client.withClient(timeout: timeout.duration) { client in
            try await client.serverInfo()
        }
        let values = LimitOptions.Values(wire: info.limits, tasks: info.taskLimits)
        let counts = LimitOptions.counts.map { ($0.key, values[keyPath: $0.limit]) }
        let durations = LimitOptions.durations.map { ($0.key, values[keyPath: $0.limit]) }
        let printer = client.printer
        if client.json {
            let limits =
                counts.map { ($0, JSONValue.integer($1)) } + durations.map { ("\($0)Ms", .integer($1)) }
            let document: JSONValue = [
                "version": .string(info.version),
                "storage": .string(info.storage),
                "features": .array(info.features.map { .string($0) }),
                "limits": .object(Dictionary(limits) { $1 }),
            ]
            try printer.showJSON(document)
        } else {
            let rows =
                [
                    ("version", info.version),
                    ("storage", info.storage),
                    ("features", info.features.isEmpty ? "-" : info.features.joined(separator: ", ")),
                ]
                + counts.map { ($0, "\($1)") }
                + durations.map { ($0, DurationText(milliseconds: $1).description) }
            try printer.showTable(
                TextTable(rows.map { [.init("\($0):", paint: printer.palette.heading), .init($1)] })
            )
        }
    }
}

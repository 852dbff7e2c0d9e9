internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask whether the server can serve tasks now, which needs no token.",
        discussion: """
            The server looks at its store, unlike for 'taskwire ping'. The exit code is 0 where it can serve, and 4 where it \
            cannot or does not answer. A clock that differs from that of a shared Redis is told, and keeps nobody from serving: \
            tasks go by that of Redis.
            """
    )

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let report = try await client.withClient(timeout: timeout.duration) { client in
            try await client.checkHealth()
        }
        let printer = client.printer
        if client.json {
            let checks = report.checks.map { check -> JSONValue in
                ["name": .string(check.name), "ok": .bool(check.isOK), "message": .string(check.message)]
            }
            try printer.showJSON(["ready": .bool(report.isReady), "checks": .array(checks)] as JSONValue)
        } else {
            let rows = report.checks.map { check in
                [
                    TextTable.Cell("\(check.name):", paint: printer.palette.heading),
                    .init(check.isOK ? "ok" : "failed"), .init(check.message),
                ]
            }
            try printer.showTable(TextTable(rows))
        }
        guard !report.isReady else { return }
        let problems = report.checks.filter { !$0.isOK }.map { "\($0.name): \($0.message)" }
        throw CommandFailure(
            "the server cannot serve tasks now (\(problems.joined(separator: "; ")))",
            exitCode: CommandFailure.Code.unavailable
        )
    }
}

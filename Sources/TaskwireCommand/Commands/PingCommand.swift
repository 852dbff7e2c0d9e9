internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire ping`
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Ask whether the server is there."
    )

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let (serverTime, roundTrip) = try await client.withClient(timeout: timeout.duration) { client in
            // The first call also connects; what people want to know is how long a call takes.
            _ = try await client.ping()
            let start = ContinuousClock.now
            return (try await client.ping(), ContinuousClock.now - start)
        }
        let microseconds = roundTrip.microseconds
        if client.json {
            let document: JSONValue = [
                "url": .string(client.serverURL),
                "serverTime": .string(serverTime.description),
                "roundTripMicroseconds": .integer(microseconds),
            ]
            try client.printer.showJSON(document)
        } else {
            try StandardOutput.writeLine(
                "\(client.serverURL) answered in \(microseconds) µs at \(serverTime)"
            )
        }
    }
}

internal import ArgumentParser
internal import Taskwire
internal import TaskwireClient

/// `taskwire ping`
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Ask whether the server is there, whatever its store does."
    )

    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let (url, serverTime, roundTrip) = try await client.withClient(timeout: timeout.duration) {
            [serverURL = client.serverURL] client in
            // The first call also connects; what people want to know is how long a call takes.
            _ = try await client.ping()
            let start = ContinuousClock.now
            let serverTime = try await client.ping()
            let roundTrip = ContinuousClock.now - start
            return (client.serverURL ?? serverURL, serverTime, roundTrip)
        }
        let microseconds = roundTrip.microseconds
        if client.json {
            let document: JSONValue = [
                "url": .string(url),
                "serverTime": .string(serverTime.description),
                "roundTripMicroseconds": .integer(microseconds),
            ]
            try client.printer.showJSON(document)
        } else {
            try StandardOutput.writeLine("\(url) answered in \(microseconds) µs at \(serverTime)")
        }
    }
}

internal import ArgumentParser
internal import FoundationEssentials
internal import Taskwire
internal import TaskwireClient

/// What every command that talks to a server takes.
struct ClientOptions: ParsableArguments {
    @Option(
        help: """
            Address of the server, or those of several that share a store: a,b,c. (default: $TASKWIRE_URL, else a \
            socket of this user)
            """
    )
    var url: String?

    @Flag(help: "Print JSON for programs.")
    var json = false

    @Flag(help: "Never print colours; the environment variable NO_COLOR says the same.")
    var noColor = false

    @Option(
        help: """
            Bytes of the largest message; as much as the server takes. (default: $TASKWIRE_MAX_MESSAGE_BYTES, \
            else 4194304)
            """
    )
    var maxMessageBytes: Int?

    @OptionGroup(title: "Access")
    var access: AccessOptions

    func validate() throws {
        if let maxMessageBytes, let problem = ServerLimits.messageBytes.problem(with: maxMessageBytes) {
            throw ValidationError("--max-message-bytes: \(problem)")
        }
    }

    /// Output as these options want it.
    var printer: TaskPrinter {
        TaskPrinter(isJSON: json, palette: palette(isTerminal: StandardOutput.isTerminal))
    }

    /// Colours for a stream that is a terminal, or is not.
    func palette(isTerminal: Bool) -> Palette {
        let environment = ProcessInfo.processInfo.environment
        let isPlain = noColor || environment["NO_COLOR", default: ""] != "" || environment["TERM"] == "dumb"
        return Palette(isColored: isTerminal && !isPlain)
    }

    /// The address of the server, or those of several.
    var serverURL: String {
        url ?? TaskwireClient.defaultURL(environment: ProcessInfo.processInfo.environment)
    }

    /// The variables by which a command that is started from here, in whatever directory, calls the same server.
    var variables: [String: String] {
        var variables = access.variables()
        variables["TASKWIRE_URL"] = serverURL
        variables[Self.messageLimitVariable] = maxMessageBytes.map(String.init)
        return variables
    }

    private static let messageLimitVariable = "TASKWIRE_MAX_MESSAGE_BYTES"

    /// The largest message that this side sends or takes.
    func messageLimit() throws -> Int {
        if let maxMessageBytes { return maxMessageBytes }
        let name = Self.messageLimitVariable
        guard let text = ProcessInfo.processInfo.environment[name] else {
            return TaskwireClient.Configuration().maxMessageBytes
        }
        let bytes = Int(text)
        let problem = bytes.map { ServerLimits.messageBytes.problem(with: $0) } ?? "is not a whole number"
        guard let bytes, problem == nil else {
            throw CommandFailure("\(name): \(problem ?? "")", exitCode: CommandFailure.Code.usage)
        }
        return bytes
    }

    /// How long a call waits for a connection.
    static let connectTimeout = Duration.seconds(3)

    /// Calls `body` with a client. By default a call fails after 3 s when no server is there.
    /// - Parameter url: Where the server is, if not at ``serverURL``.
    func withClient<Value>(
        at url: String? = nil,
        timeout: Duration,
        connectTimeout: Duration? = connectTimeout,
        _ body: (TaskwireClient) async throws -> Value
    ) async throws -> Value {
        let url = url ?? serverURL
        var configuration = TaskwireClient.Configuration()
        configuration.defaultTimeout = timeout
        configuration.connectTimeout = connectTimeout
        configuration.maxMessageBytes = try messageLimit()
        try access.apply(to: &configuration, for: url)
        let client: TaskwireClient
        do {
            client = try TaskwireClient(url: url, configuration: configuration)
        } catch let error as TaskwireError {
            throw CommandFailure(setUp: error)
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(client))
        } catch let error as TaskwireError where error.reason == .unreachable {
            result = .failure(CommandFailure(error, withoutServerAt: url))
        } catch {
            result = .failure(error)
        }
        await client.close()
        return try result.get()
    }
}

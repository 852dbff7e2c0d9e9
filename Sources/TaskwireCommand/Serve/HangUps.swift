internal import Logging
internal import ServiceLifecycle
internal import TaskwireServer
internal import UnixSignals

/// Reads the file of tokens again at SIGHUP. The signal never ends the server, whether there are tokens or not.
struct HangUps: Service {
    let signals: UnixSignalsSequence
    /// Nil where the server asks nobody for a token.
    let tokens: AccessTokens?
    let logger: Logger

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let tokens else {
                logger.info("nothing to read again at SIGHUP, as there is no file of tokens")
                continue
            }
            do {
                let count = try tokens.reload()
                logger.info(
                    "tokens read again",
                    metadata: ["file": "\(tokens.path)", "count": .stringConvertible(count)]
                )
            } catch {
                logger.error(
                    "tokens not read again, those from before still count",
                    metadata: ["error": "\(error)"]
                )
            }
        }
    }
}

internal import Logging
internal import ServiceLifecycle
internal import TaskwireServer
internal import UnixSignals

/// Reads the file of tokens again at SIGHUP.
struct TokenReloading: Service {
    let tokens: AccessTokens
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
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

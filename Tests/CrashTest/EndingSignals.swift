import Dispatch
import Foundation

/// Ends the process at once when it is asked to end, with nothing left behind.
struct EndingSignals {
    private let sources: [any DispatchSourceSignal]

    /// Runs `cleanUp` before the process ends.
    init(cleanUp: @escaping @Sendable () -> Void) {
        // One queue, so that a second signal does not disturb what the first one has begun.
        let queue = DispatchQueue(label: "signals")
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                cleanUp()
                // What a shell shows for a program that a signal ended.
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// Watches no longer.
    func cancel() {
        for source in sources { source.cancel() }
    }
}

import Foundation
import Glibc

/// The lines of standard input, as the stdio transport of MCP frames its messages.
///
/// Iterating ends at the end of the input, or when the iterating Swift task is cancelled.
struct StandardInput: AsyncSequence, Sendable {
    /// One line.
    enum Line: Sendable {
        /// Its bytes without the line feed.
        case bytes([UInt8])
        /// It has more than ``StandardInput/maximumLength`` bytes, which were skipped.
        case tooLong
    }

    /// Bytes of the longest line: what a Taskwire server takes in one message.
    static let maximumLength = 4 << 20
    /// How many lines may wait to be handled before the reading pauses.
    private static let backlog = 16

    private let lines: AsyncStream<Line>
    private let places: DispatchSemaphore

    /// Begins to read, on a thread of its own since the reading blocks.
    init() {
        let (lines, continuation) = AsyncStream.makeStream(of: Line.self)
        // A semaphore may not be released below the value that it began with.
        let places = DispatchSemaphore(value: 0)
        for _ in 0..<Self.backlog { places.signal() }
        self.lines = lines
        self.places = places
        Thread.detachNewThread {
            Self.read { line in
                places.wait()
                continuation.yield(line)
            }
            continuation.finish()
        }
    }

    /// Reads until the input ends, which an error is, too.
    private static func read(_ take: (Line) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var line: [UInt8] = []
        var isTooLong = false
        while true {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            var rest = buffer[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                take(isTooLong || line.count > maximumLength ? .tooLong : .bytes(line))
                line = []
                isTooLong = false
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > maximumLength {
                line = []
                isTooLong = true
            }
        }
        if !line.isEmpty { take(.bytes(line)) }
    }

    /// Makes an iterator; there can be only one.
    func makeAsyncIterator() -> Iterator {
        Iterator(lines: lines.makeAsyncIterator(), places: places)
    }

    /// Returns one line after the other.
    struct Iterator: AsyncIteratorProtocol {
        fileprivate var lines: AsyncStream<Line>.Iterator
        fileprivate let places: DispatchSemaphore

        /// Waits for the next line; `nil` at the end.
        mutating func next() async -> Line? {
            let line = await lines.next(isolation: #isolation)
            places.signal()
            return line
        }
    }
}

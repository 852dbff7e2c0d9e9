import Glibc
import Synchronization

/// Counts in two threads, under a mutex or without it.
final class Counter: @unchecked Sendable {
    var value = 0
    let mutex = Mutex(())
    let isLocked: Bool

    init(isLocked: Bool) {
        self.isLocked = isLocked
    }

    func count() {
        for _ in 0..<100_000 {
            if isLocked { mutex.withLock { _ in value += 1 } } else { value += 1 }
        }
    }
}

let counter = Counter(isLocked: CommandLine.arguments.dropFirst().first == "locked")
let threads = (0..<4).map { _ in
    var thread = pthread_t()
    let context = Unmanaged.passRetained(counter).toOpaque()
    pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Counter>.fromOpaque(context).takeRetainedValue().count()
            return nil
        },
        context
    )
    return thread
}
for thread in threads { pthread_join(thread, nil) }
print(counter.value)

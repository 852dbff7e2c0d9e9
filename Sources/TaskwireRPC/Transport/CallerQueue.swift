/// The exchanges that wait for a slot, first come, first served.
struct CallerQueue {
    private var storage: [Exchange] = []
    private var head = 0

    var isEmpty: Bool {
        head == storage.count
    }

    /// Everything that waits.
    var exchanges: ArraySlice<Exchange> {
        storage[head...]
    }

    mutating func append(_ exchange: Exchange) {
        if storage.count == storage.capacity {
            // Before the storage grows, those that have been given up make room.
            storage = exchanges.filter { !$0.isFinished }
            head = 0
        }
        storage.append(exchange)
    }

    /// Takes the first one. It may have been given up since it came.
    mutating func popFirst() -> Exchange? {
        guard head < storage.count else { return nil }
        defer {
            head += 1
            // What has been taken is dropped once it is half of the storage, so that taking stays cheap.
            if head * 2 >= storage.count {
                storage.removeFirst(head)
                head = 0
            }
        }
        return storage[head]
    }
}

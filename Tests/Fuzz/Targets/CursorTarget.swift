@testable internal import Taskwire

extension FuzzTarget {
    /// The cursor of a listing. One that a listing made is read by the same listing and by no other; any other text is
    /// refused, or is one that the listing would have made.
    ///
    /// The input tells the listing: a byte whose bits are the statuses, how many labels there are, and whether a cursor
    /// or the position for one follows; the owner; the labels.
    static let cursor = FuzzTarget("cursor") { bytes in
        var input = FuzzInput(bytes)
        let choices = input.byte()
        let owner = input.text()
        var request = ListTasksRequest()
        for (bit, status) in TaskStatus.allCases.enumerated() where choices >> bit & 1 == 1 {
            request.statuses.insert(status)
        }
        for _ in 0..<choices >> 6 { request.labels[input.text()] = input.text() }
        if choices & 0x20 == 0 {
            let cursor = input.remainingText
            let position = try TaskCursor.decode(cursor, owner: owner, request: request)
            let again = TaskCursor.encode(position, owner: owner, request: request)
            require(again.utf8.elementsEqual(cursor.utf8), "\(cursor) was read as the cursor \(again)")
            checkOthers(cursor, owner, request)
        } else {
            let createdAt = Timestamp(millisecondsSince1970: input.number())
            let change = input.byte()
            let position = TaskPosition(createdAt: createdAt, id: input.remainingText)
            // No task is without an id.
            guard !position.id.isEmpty else { return }
            let cursor = TaskCursor.encode(position, owner: owner, request: request)
            let read = try? TaskCursor.decode(cursor, owner: owner, request: request)
            require(
                read?.createdAt == createdAt && read?.id.utf8.elementsEqual(position.id.utf8) == true,
                "the cursor of \(position) was read as \(String(describing: read))"
            )
            checkOthers(cursor, owner, request)
            checkChanged(cursor, by: change, owner, request)
        }
    }

    /// Checks that other listings refuse the cursor.
    private static func checkOthers(_ cursor: String, _ owner: String, _ request: ListTasksRequest) {
        var otherStatuses = request
        otherStatuses.statuses.formSymmetricDifference([.working])
        var otherLabels = request
        otherLabels.labels["", default: ""] += "x"
        checkRefused(cursor, owner + "x", request)
        checkRefused(cursor, owner, otherStatuses)
        checkRefused(cursor, owner, otherLabels)
    }

    /// Checks that the cursor is refused when one of its characters is another one.
    private static func checkChanged(
        _ cursor: String,
        by change: UInt8,
        _ owner: String,
        _ request: ListTasksRequest
    ) {
        var characters = Array(cursor.utf8)
        let index = Int(change) % characters.count
        characters[index] = characters[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        checkRefused(String(decoding: characters, as: UTF8.self), owner, request)
    }

    private static func checkRefused(_ cursor: String, _ owner: String, _ request: ListTasksRequest) {
        do throws(TaskwireError) {
            let position = try TaskCursor.decode(cursor, owner: owner, request: request)
            finding("\(cursor) was read as \(position) by the listing \(request) of \"\(owner)\"")
        } catch {
            require(error.reason == .invalidCursor, "\(cursor) was refused with \(error)")
        }
    }
}

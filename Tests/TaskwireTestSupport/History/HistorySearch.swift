import Taskwire

/// Looks for an order of calls, compatible with real time, in which a model returns what the calls returned.
///
/// The algorithm of Wing and Gong with the memory of Lowe ("Testing for linearizability", 2017). Nearly every answer
/// names its revision, which leaves few choices: only mutations without an answer, removals, and leases that run out.
struct HistorySearch {
    private struct Node: Hashable {
        var model: TaskModel
        var isPlaced: [Bool]
    }

    /// More than any honest history needs.
    private static let nodeLimit = 100_000

    private let taskID: String
    private let calls: [TaskCall]
    private let steps: [TaskModel.Step]
    private let answers: [TaskAnswer?]
    private var visited: Set<Node> = []
    private var furthest: Node

    init(taskID: String, calls: [TaskCall]) {
        self.taskID = taskID
        self.calls = calls
        // What a repeat was told is what became of the first try, whose own answer was lost.
        var outcomes: [RequestID: TaskAnswer] = [:]
        var begins: [RequestID: UInt64] = [:]
        for call in calls {
            guard let id = call.requestID else { continue }
            begins[id] = min(begins[id] ?? call.begin, call.begin)
            guard let answer = call.answer, answer.isRemembered else { continue }
            outcomes[id] = answer.timeless
        }
        steps = calls.map { call in
            let id = call.requestID
            var token = id.map { Array("\($0)".utf8) } ?? []
            if case .claim(let claim) = id.flatMap({ outcomes[$0] }) { token = claim.leaseToken }
            return TaskModel.Step(
                operation: call.operation,
                requestID: id,
                begin: id.flatMap { begins[$0] } ?? call.begin,
                leaseToken: token
            )
        }
        answers = calls.map { call in call.answer?.timeless ?? call.requestID.flatMap { outcomes[$0] } }
        furthest = Node(
            model: TaskModel(taskID: taskID),
            isPlaced: Array(repeating: false, count: calls.count)
        )
    }

    /// Returns `nil` where there is such an order.
    mutating func explain() -> Violation? {
        if canFinish(furthest) { return nil }
        if visited.count >= Self.nodeLimit {
            return Violation(.unexplained, "too many orders are possible: \(visited.count) were tried")
        }
        let open = calls.indices.filter { !furthest.isPlaced[$0] && calls[$0].answer != nil }
        return Violation(
            .unexplained,
            """
            no order of the calls explains their answers; after all that could be explained the task is \
            \(furthest.model.content.state?.text ?? "not there, at revision \(furthest.model.content.revision)"); left \
            are those that began at \(open.map { "#\(calls[$0].begin)" }.joined(separator: ", "))
            """
        )
    }

    private mutating func canFinish(_ start: Node) -> Bool {
        var node = start
        var branches: [Node] = []
        var isSettled = false
        while !isSettled {
            isSettled = true
            branches = []
            let open = calls.indices.filter { !node.isPlaced[$0] }
            guard let horizon = open.compactMap({ calls[$0].end }).min() else { return true }
            for index in open where calls[index].begin < horizon {
                var next = node
                next.isPlaced[index] = true
                let answer = next.model.apply(steps[index])
                if let expected = answers[index] {
                    guard expected == answer else { continue }
                    if next.model.content == node.model.content {
                        // What changes nothing and is right now might as well happen now.
                        node = next
                        isSettled = false
                    } else {
                        branches.insert(next, at: 0)
                    }
                } else if next.model != node.model {
                    branches.append(next)
                }
            }
            if let model = node.model.afterLoss(before: horizon) {
                branches.append(Node(model: model, isPlaced: node.isPlaced))
            }
        }
        let placed = node.isPlaced.count(where: \.self)
        if placed > furthest.isPlaced.count(where: \.self) { furthest = node }
        guard visited.count < Self.nodeLimit, visited.insert(node).inserted else { return false }
        return branches.contains { canFinish($0) }
    }
}

import Taskwire
import TaskwireProtobuf
import TaskwireRPC
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Bombs")
    struct BombTests {
        /// One message is read at a time here, so its own bytes, what reading it may take and what the allocator keeps
        /// are all there is.
        private static let allowance =
            ServerLimits().maxMessageBytes + ServerLimits().maxDecodeBytes + 64 << 20

        @Test
        func smallMessagesThatWouldGrow() async throws {
            try await Site.run { site in
                let before = try site.memory
                try await GoodClients.work(at: site) {
                    for transport in Transport.allCases {
                        let socket = try site.requestSocket(transport)
                        for bomb in Bomb.all {
                            let response = try await socket.response(to: bomb.bytes)
                            guard case .reply(.failure(let error)) = response else {
                                Issue.record("\(bomb.name) over \(transport): \(response)")
                                continue
                            }
                            let codes: [TaskwireError.Code] = [.invalidArgument, .resourceExhausted]
                            #expect(codes.contains(error.code), "\(bomb.name): \(error)")
                        }
                        await socket.close()
                    }
                }
                let memory = try site.memory
                #expect(memory.isWithin(Self.allowance, of: before), "\(before.current), \(memory.peak)")
            }
        }

        @Test
        func aFullBatchOfBadCalls() async throws {
            try await Site.run { site in
                try await GoodClients.work(at: site) {
                    let count = ServerLimits().maxBatchCalls
                    for transport in Transport.allCases {
                        let socket = try site.requestSocket(transport)
                        for _ in 0..<20 {
                            guard
                                case .batch(let replies) = try await socket.response(
                                    to: Bomb.batch(count: count)
                                )
                            else {
                                Issue.record("\(transport): no batch")
                                break
                            }
                            #expect(replies.count == count)
                            for reply in replies {
                                guard case .failure(let error) = reply else {
                                    Issue.record("\(transport): \(reply)")
                                    continue
                                }
                                #expect([.invalidArgument, .unimplemented].contains(error.code), "\(error)")
                            }
                        }
                        guard
                            case .reply(.failure(let error)) = try await socket.response(
                                to: Bomb.batch(count: count + 1)
                            )
                        else {
                            Issue.record("\(transport): a batch above the limit")
                            continue
                        }
                        #expect(error.reason == .tooLarge)
                        await socket.close()
                    }
                }
            }
        }
    }
}

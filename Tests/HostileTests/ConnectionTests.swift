import TaskwireClient
import TaskwireTestSupport
import Testing

extension HostileTests {
    @Suite("Connections that are none")
    struct ConnectionTests {
        @Test
        func aThousandThatCloseOnEachTransport() async throws {
            try await Site.run { site in
                try await GoodClients.work(at: site) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for transport in Transport.allCases {
                            group.addTask {
                                try await onThread {
                                    for number in 0..<1000 {
                                        let connection = try site.connect(transport)
                                        if number.isMultiple(of: 2) { connection.endAbruptly() }
                                    }
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        }

        @Test
        func aHeaderThatClaimsAllMemory() async throws {
            try await Site.run { site in
                try await GoodClients.work(at: site) {
                    try await onThread {
                        for _ in 0..<50 {
                            for transport in [Transport.ipc, .tcp] {
                                let connection = try site.connect(transport)
                                try connection.write(
                                    Framing.greeting + connection.framing.header(.max - 39) + [0x80, 0, 0, 1]
                                )
                                try connection.untilEnd()
                            }
                        }
                    }
                    for _ in 0..<10 {
                        let bytes = Framing.greeting + Framing(.tls).header(.max - 39) + [0x80, 0, 0, 1]
                        _ = try await site.speakSecurely(bytes)
                    }
                }
            }
        }

        /// Neither those that say nothing nor those that stop in the middle of something keep others from anything.
        @Test
        func peersThatFallSilent() async throws {
            try await Site.run { site in
                let silent = try await onThread {
                    var silent: [RawConnection] = []
                    for transport in Transport.allCases {
                        let framing = Framing(transport)
                        let header = framing.header(4 << 20)
                        let beginnings = [
                            [], Array(Framing.greeting.prefix(5)), Framing.greeting,
                            Framing.greeting + header.prefix(5), Framing.greeting + header,
                            Framing.greeting + header + [0x80, 0, 0, 1],
                        ]
                        for number in 0..<300 {
                            let connection = try site.connect(transport)
                            try connection.write(beginnings[number % beginnings.count])
                            silent.append(connection)
                        }
                    }
                    return silent
                }
                let before = try site.memory
                try await GoodClients.work(at: site) {
                    for transport in Transport.allCases {
                        for _ in 0..<5 { _ = try await site.withClient(transport) { try await $0.ping() } }
                    }
                }
                // The memory of a message that was only announced is not there.
                #expect(try site.memory.isWithin(64 << 20, of: before))
                withExtendedLifetime(silent) {}
            }
        }

        @Test
        func moreThanMayBe() async throws {
            let limit = 6
            try await Site.run(options: ["--max-connections", "\(limit)"]) { site in
                let old = try await onThread {
                    var old: [RawConnection] = []
                    for number in 0..<limit {
                        let transport: Transport = number.isMultiple(of: 2) ? .tcp : .ipc
                        let connection = try site.connectAndGreet(transport)
                        try #require(try connection.ping(0))
                        old.append(connection)
                    }
                    for number in 0..<100 {
                        let transport: Transport = number.isMultiple(of: 2) ? .tcp : .ipc
                        let connection = try site.connect(transport)
                        try connection.greet()
                        try connection.untilEnd()
                    }
                    for connection in old { #expect(try connection.ping(1)) }
                    return old
                }
                // The server hangs up, before TLS or after it.
                let answer = (try? await site.speakSecurely(Framing.greeting)) ?? []
                #expect(answer.isEmpty || answer == Framing.answeringGreeting)
                withExtendedLifetime(old) {}
            }
        }
    }
}

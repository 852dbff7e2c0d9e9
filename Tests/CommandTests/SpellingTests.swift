internal import Subprocess
internal import TaskwireTestSupport
internal import Testing

extension CommandTests {
    @Suite("Words that are not known")
    struct SpellingTests {
        @Test(
            arguments: [
                (
                    ["update", "t1", "--stauts", "working"],
                    "Unknown option '--stauts'; did you mean '--status'? See"
                ),
                (["update", "t1", "--foo"], "Unknown option '--foo'; see 'taskwire update --help'"),
                (["update", "t1", "-x"], "Unknown option '-x'; see 'taskwire update --help'"),
                (["complete", "t1", "--dta=x"], "Unknown option '--dta'; did you mean '--data'? See"),
                (
                    ["run", "t1", "--timout", "3s"],
                    "Unknown option '--timout'; did you mean '--timeout'? See"
                ),
                (["list", "--lable", "a=b"], "Unknown option '--lable'; did you mean '--label'? See"),
                (["get", "-json", "t1"], "Unknown option '-json'; did you mean '--json'? See"),
                (["serve", "--max-tll", "1h"], "Unknown option '--max-tll'; did you mean '--max-ttl'? See"),
                (["serve", "--colour"], "Unknown option '--colour'; see 'taskwire serve --help'"),
                (["craete"], "Unknown command 'craete'; did you mean 'create'? See 'taskwire --help'"),
                (["nonsense"], "Unknown command 'nonsense'; see 'taskwire --help'"),
                (["start"], "Unknown command 'start'; see 'taskwire --help'"),
                (["messages", "peak", "t1"], "Unknown command 'peak'; did you mean 'peek'? See"),
                (["token", "delete"], "Unknown command 'delete'; see 'taskwire token --help'"),
                (["update", "t1", "--status-message", "--foo", "--bar"], "Unknown option '--bar'; see"),
            ]
        )
        func `get the nearest real one, or none`(arguments: [String], message: String) async throws {
            let outcome = try await Program(url: "ipc:///tmp/tw-none/t.sock").running(arguments) { _ in }
            #expect(outcome.exitCode == 64 && outcome.output.isEmpty)
            #expect(outcome.error.hasPrefix("taskwire: \(message)"), "\(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1)
        }

        @Test(
            arguments: [
                (["create", ""], "The id is empty; leave it out and the server makes one; see"),
                (["list", "--owner", ""], "--owner is empty; leave it out or give it a value; see"),
                (["list", "--tls-server-name", ""], "--tls-server-name is empty"),
                (["list", "--token-file", ""], "--token-file is empty"),
                (
                    ["run", "t1", "--output", "", "--", "true"],
                    "--output is empty; give the path of a file; see"
                ),
                (["wait", "t1", "--patience", "0s"], "--patience must be above 0"),
            ]
        )
        func `nothing is taken for something`(arguments: [String], message: String) async throws {
            let outcome = try await Program(url: "ipc:///tmp/tw-none/t.sock").running(arguments) { _ in }
            #expect(
                outcome.exitCode == 64 && outcome.error.hasPrefix("taskwire: \(message)"),
                "\(outcome.error)"
            )
        }

        @Test func `a ttl that is lowered is told`() async throws {
            try await Server.run { taskwire in
                let message = "taskwire: the ttl 60d was lowered to 30d, the longest that the server allows\n"
                let created = try await taskwire("create", "t1", "--ttl", "60d")
                #expect(created.exitCode == 0 && created.text == "t1\n" && created.error == message)
                let updated = try await taskwire("update", "t1", "--ttl", "60d", "--json")
                #expect(updated.exitCode == 0 && updated.error == message)
                #expect(try updated.json["ttl"]?.number == 2_592_000_000)
                for ttl in ["30d", "1.5ms", "1h"] {
                    #expect(try await taskwire("create", "--ttl", ttl).error == "", "\(ttl)")
                }
            }
        }
    }
}

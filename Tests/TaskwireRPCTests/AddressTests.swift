import Glibc
import TaskwireRPC
import Testing

@Suite(.timeLimit(.minutes(5)))
struct AddressTests {
    @Test(arguments: [
        ("ipc:///run/x.sock", "ipc:///run/x.sock", true),
        ("ipc:///tmp/with space", "ipc:///tmp/with space", true),
        ("tcp://127.0.0.1:80", "tcp://127.0.0.1:80", true),
        ("tcp://127.9.9.9", "tcp://127.9.9.9:7411", true),
        ("tcp://localhost", "tcp://localhost:7411", true),
        ("tcp://127.example.org", "tcp://127.example.org:7411", false),
        ("tcp://[::1]:0", "tcp://[::1]:0", true),
        ("tcp://[fe80::1]", "tcp://[fe80::1]:7411", false),
        ("tcp://0.0.0.0:65535", "tcp://0.0.0.0:65535", false),
        ("tls+tcp://example.org", "tls+tcp://example.org:7411", false),
        ("tls+tcp://example.org:1", "tls+tcp://example.org:1", false),
        ("abstract://a", "abstract://a", true),
    ])
    func `valid addresses`(text: String, description: String, isLocal: Bool) throws {
        let address = try Address(text)
        #expect(address.description == description)
        #expect(address.isLocal == isLocal)
        #expect(try Address(address.description) == address)
    }

    @Test(arguments: [
        ("", [""]),
        ("ipc:///run/x.sock", ["ipc:///run/x.sock"]),
        ("ipc:///a,b.sock", ["ipc:///a,b.sock"]),
        ("tcp://a:1,tls+tcp://b:2, ipc:///c,d", ["tcp://a:1", "tls+tcp://b:2", "ipc:///c,d"]),
        ("tcp://a:1,b:2", ["tcp://a:1,b:2"]),
        ("tcp://a:1,http://b", ["tcp://a:1", "http://b"]),
        ("tcp://a:1,", ["tcp://a:1,"]),
    ])
    func `the parts of a list`(text: String, parts: [String]) {
        #expect(Address.parts(ofList: text) == parts)
    }

    @Test(arguments: [
        ("", "no scheme"),
        ("/run/x.sock", "no scheme"),
        ("http://x", "\"http\" is not a scheme"),
        ("ipc://relative", "must be absolute"),
        ("ipc:///folder/", "not a folder"),
        ("ipc:///" + String(repeating: "x", count: 107), "108 bytes"),
        ("ipc:///a\0b", "NUL"),
        ("tcp://", "no host"),
        ("tcp://:80", "no host"),
        ("tcp://a b", "\"a b\" is not a host name"),
        ("tcp://host:", "\"\" is not a port"),
        ("tcp://host:65536", "\"65536\" is not a port"),
        ("tcp://host:+1", "\"+1\" is not a port"),
        ("tcp://host:1x", "\"1x\" is not a port"),
        ("tcp://::1:80", "brackets"),
        ("tcp://[::1", "never closed"),
        ("tcp://[::g]", "\"::g\" is not an IPv6 address"),
        ("tcp://[::1]80", "\"80\" after the host"),
        ("abstract://", "1 to 100 letters"),
        ("abstract://" + String(repeating: "x", count: 101), "1 to 100 letters"),
    ])
    func `invalid addresses`(text: String, reason: String) throws {
        let error = try #require(throws: TransportError.self) { try Address(text) }
        #expect(error.code == .addressInvalid)
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.message.contains(text))
    }

    @Test
    func `the longest path`() throws {
        let path = "/" + String(repeating: "x", count: 106)
        #expect(try Address("ipc://\(path)").description == "ipc://\(path)")
    }

    @Test
    func `the default address`() throws {
        #expect(
            try Address.makeDefault(environment: ["XDG_RUNTIME_DIR": "/run/user/7"]).description
                == "ipc:///run/user/7/taskwire.sock"
        )
        let fallback = "ipc:///tmp/taskwire-\(getuid())/taskwire.sock"
        #expect(try Address.makeDefault(environment: [:]).description == fallback)
        #expect(try Address.makeDefault(environment: ["XDG_RUNTIME_DIR": ""]).description == fallback)
        #expect(throws: TransportError.self) {
            try Address.makeDefault(environment: ["XDG_RUNTIME_DIR": "relative"])
        }
    }
}

// Raw echoes over nng: REQ/REP exchanges with the sizes of Taskwire's, without Protobuf and without a store. They are
// the limits that Scripts/bench.sh compares with: one over nng's sockets, one over nng's byte streams.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nng/nng.h>

// The largest message that either end takes: nng's own limit is none, and a header that claims all memory then ends
// the process.
#define MAX_MESSAGE_BYTES ((size_t)4 << 20)

typedef struct {
    const char *url;
    // REP contexts: requests that are answered at the same time. A stream has no such limit.
    int contexts;
    size_t reply_bytes;
} ServerOptions;

typedef struct {
    const char *url;
    // Callers, each with one exchange after the other in flight.
    int callers;
    size_t request_bytes;
    // What a reply must have.
    size_t reply_bytes;
    // Exchanges to make, all callers together; 0: as many as begin within `seconds`.
    uint64_t count;
    double seconds;
    double warm_up_seconds;
} LoadOptions;

// Answer until SIGINT or SIGTERM, over a REP socket or over streams. Return the exit code.
int serve_socket(const ServerOptions *options);
int serve_streams(const ServerOptions *options);

// Make the load, over a REQ socket or over one stream, and print the result as one JSON object. Return the exit code.
int load_socket(const LoadOptions *options);
int load_stream(const LoadOptions *options);

// Ends the program when a step of setting up failed.
void require(int result, const char *step);

// Blocks SIGINT and SIGTERM. It is called before nng has threads, which then leave the signals alone, too.
void block_ending_signals(void);
// Returns after the next SIGINT or SIGTERM.
void await_ending_signal(void);

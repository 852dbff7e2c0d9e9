// A raw echo over nng: REQ/REP exchanges with the sizes of Taskwire's, without Protobuf and without a store. It is the
// limit that Scripts/bench.sh compares with.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <nng/nng.h>

// The largest message that either end takes: nng's own limit is none, and a header that claims all memory then ends
// the process.
#define MAX_MESSAGE_BYTES ((size_t)4 << 20)

typedef struct {
    const char *url;
    // REP contexts: requests that are answered at the same time.
    int contexts;
    size_t reply_bytes;
} ServerOptions;

typedef struct {
    const char *url;
    // REQ contexts, each with one exchange after the other in flight.
    int callers;
    size_t request_bytes;
    // What a reply must have.
    size_t reply_bytes;
    // Exchanges to make, all callers together; 0: as many as begin within `seconds`.
    uint64_t count;
    double seconds;
    double warm_up_seconds;
} LoadOptions;

// Answers until SIGINT or SIGTERM. Returns the exit code.
int serve(const ServerOptions *options);

// Makes the load and prints what came of it as one JSON object. Returns the exit code.
int load(const LoadOptions *options);

// Ends the program when a step of setting up failed.
void require(int result, const char *step);

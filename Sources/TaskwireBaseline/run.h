// The part of a load that does not depend on the transport: phases, latencies, and the report.
#pragma once

#include "baseline.h"

#include <pthread.h>
#include <stdatomic.h>

// How long the server may take to come up, and the last exchanges to end.
#define PATIENCE_SECONDS 10

// What all callers share. A phase is the warming up, and then what counts.
typedef struct {
    const LoadOptions *options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Callers that have work in the phase.
    int running;
    // Set before the callers of a phase start.
    uint64_t deadline;
    uint64_t limit;
    _Atomic uint64_t begun;
    _Atomic uint64_t done;
    _Atomic uint64_t failed;
    // Nanoseconds of each exchange.
    uint64_t *latencies;
} Run;

// Nanoseconds of the monotonic clock.
uint64_t now(void);

void open_run(Run *run, const LoadOptions *options);
// Repeats an attempt to connect while the server, which may have just been started, is not there yet. Returns the last
// result.
int dial_patiently(int (*dial)(void *argument), void *argument);
// Makes the load. `start` begins the first exchange of every caller. Returns how many seconds counted.
double make_load(Run *run, void (*start)(void *argument), void *argument);
// Reports what was measured and frees it. Nothing may be in flight. Returns the exit code.
int close_run(Run *run, double seconds);

// Whether a caller may begin an exchange at this time. When it may not, the phase is over and the caller leaves it.
bool begin_exchange(Run *run, uint64_t time);
// Records an exchange that succeeded. Its caller goes on with `begin_exchange`.
void end_exchange(Run *run, uint64_t latency);
// Records an exchange that failed. Its caller leaves the phase.
void fail_exchange(Run *run);

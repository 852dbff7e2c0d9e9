#include "baseline.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nng/protocol/reqrep0/req.h>

// Latencies that are kept: every single one, so that percentiles are exact.
#define MAX_EXCHANGES ((uint64_t)1 << 25)
// How long the server may take to come up, and the last exchanges to end.
#define PATIENCE_SECONDS 10

// What all callers share. A phase is the warming up, and then what counts.
typedef struct {
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
    size_t request_bytes;
    size_t reply_bytes;
    // Nanoseconds of each exchange.
    uint64_t *latencies;
} Run;

// One exchange at a time: send, and only when that is done receive.
typedef struct {
    Run *run;
    nng_ctx context;
    nng_aio *operation;
    bool is_sending;
    uint64_t start;
} Caller;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void leave(Run *run) {
    pthread_mutex_lock(&run->lock);
    if (--run->running == 0) pthread_cond_signal(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

// Sends the next request, or leaves the phase when that is over.
static void call(Caller *caller) {
    Run *run = caller->run;
    uint64_t start = now();
    if (start >= run->deadline || atomic_fetch_add(&run->begun, 1) >= run->limit) return leave(run);
    nng_msg *request;
    if (nng_msg_alloc(&request, run->request_bytes) != 0) {
        atomic_fetch_add(&run->failed, 1);
        return leave(run);
    }
    memset(nng_msg_body(request), 'x', run->request_bytes);
    nng_aio_set_msg(caller->operation, request);
    caller->is_sending = true;
    caller->start = start;
    nng_ctx_send(caller->context, caller->operation);
}

static void operation_ended(void *argument) {
    Caller *caller = argument;
    Run *run = caller->run;
    int result = nng_aio_result(caller->operation);
    if (result != 0) {
        // A message that was not sent is still ours.
        if (caller->is_sending) nng_msg_free(nng_aio_get_msg(caller->operation));
        atomic_fetch_add(&run->failed, 1);
        return leave(run);
    }
    if (caller->is_sending) {
        caller->is_sending = false;
        return nng_ctx_recv(caller->context, caller->operation);
    }
    uint64_t latency = now() - caller->start;
    nng_msg *reply = nng_aio_get_msg(caller->operation);
    bool is_whole = nng_msg_len(reply) == run->reply_bytes;
    nng_msg_free(reply);
    if (!is_whole) {
        atomic_fetch_add(&run->failed, 1);
        return leave(run);
    }
    run->latencies[atomic_fetch_add(&run->done, 1)] = latency;
    call(caller);
}

// Has all callers work until the phase is over. Returns how long that took, in seconds.
static double phase(Run *run, Caller *callers, int count, double seconds, uint64_t limit) {
    atomic_store(&run->begun, 0);
    atomic_store(&run->done, 0);
    run->running = count;
    run->limit = limit;
    uint64_t start = now();
    run->deadline = start + (uint64_t)(seconds * 1e9);
    for (int i = 0; i < count; i++) call(&callers[i]);

    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)ceil(seconds) + PATIENCE_SECONDS;
    pthread_mutex_lock(&run->lock);
    int result = 0;
    while (run->running > 0 && result == 0) {
        result = pthread_cond_timedwait(&run->changed, &run->lock, &end);
    }
    bool is_stuck = run->running > 0;
    pthread_mutex_unlock(&run->lock);
    require(is_stuck ? NNG_ETIMEDOUT : 0, "waiting for the last exchanges");
    return (double)(now() - start) / 1e9;
}

// A server that was just started is waited for.
static void dial(nng_socket socket, const char *url) {
    uint64_t deadline = now() + (uint64_t)PATIENCE_SECONDS * 1000000000;
    const struct timespec pause = {.tv_nsec = 20000000};
    int result = nng_dial(socket, url, NULL, 0);
    while ((result == NNG_ECONNREFUSED || result == NNG_ENOENT) && now() < deadline) {
        nanosleep(&pause, NULL);
        result = nng_dial(socket, url, NULL, 0);
    }
    require(result, "connecting");
}

static int compare(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

// The latency, in microseconds, that `share` of the sorted latencies do not exceed.
static double percentile(const Run *run, double share) {
    uint64_t count = run->done;
    if (count == 0) return 0;
    uint64_t rank = (uint64_t)ceil(share * (double)count);
    return (double)run->latencies[rank > 0 ? rank - 1 : 0] / 1e3;
}

static void report(const LoadOptions *options, Run *run, double seconds) {
    uint64_t count = run->done;
    qsort(run->latencies, count, sizeof *run->latencies, compare);
    double rate = (double)count / seconds;
    printf(
        "{\"callers\":%d,\"calls\":%llu,\"errors\":%llu,\"maxMicroseconds\":%.1f,\"mix\":\"echo\",\"operations\":%llu,"
        "\"operationsPerSecond\":%.1f,\"p50Microseconds\":%.1f,\"p90Microseconds\":%.1f,\"p999Microseconds\":%.1f,"
        "\"p99Microseconds\":%.1f,\"replyBytes\":%zu,\"requestBytes\":%zu,\"seconds\":%.6f,\"throughput\":%.1f}\n",
        options->callers, (unsigned long long)count, (unsigned long long)run->failed, percentile(run, 1),
        (unsigned long long)count, rate, percentile(run, 0.5), percentile(run, 0.9), percentile(run, 0.999),
        percentile(run, 0.99), run->reply_bytes, run->request_bytes, seconds, rate
    );
}

int load(const LoadOptions *options) {
    Run run = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .request_bytes = options->request_bytes,
        .reply_bytes = options->reply_bytes,
        // Pages are taken as they are used.
        .latencies = calloc(MAX_EXCHANGES, sizeof(uint64_t)),
    };
    Caller *callers = calloc((size_t)options->callers, sizeof *callers);
    require(run.latencies && callers ? 0 : NNG_ENOMEM, "making room for latencies");
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run.changed, &attributes);

    nng_socket socket;
    require(nng_req0_open(&socket), "opening a socket");
    require(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, MAX_MESSAGE_BYTES), "limiting messages");
    // A lost exchange is an error, and not sent again.
    require(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "turning off resending");
    for (int i = 0; i < options->callers; i++) {
        callers[i].run = &run;
        require(nng_ctx_open(&callers[i].context, socket), "opening a context");
        require(nng_aio_alloc(&callers[i].operation, operation_ended, &callers[i]), "making an operation");
    }
    dial(socket, options->url);

    if (options->warm_up_seconds > 0) {
        phase(&run, callers, options->callers, options->warm_up_seconds, MAX_EXCHANGES);
    }
    double seconds = 0;
    if (run.failed == 0) {
        uint64_t limit = options->count ? options->count : MAX_EXCHANGES;
        seconds = phase(&run, callers, options->callers, options->seconds, limit);
    }

    // Nothing is in flight any more, and this is none of nng's threads.
    for (int i = 0; i < options->callers; i++) {
        nng_aio_stop(callers[i].operation);
        nng_aio_free(callers[i].operation);
        nng_ctx_close(callers[i].context);
    }
    nng_close(socket);
    if (run.failed > 0) {
        fprintf(stderr, "taskwire-baseline: %llu exchanges failed\n", (unsigned long long)run.failed);
        return 1;
    }
    if (!options->count && run.begun >= MAX_EXCHANGES) {
        fprintf(stderr, "taskwire-baseline: more exchanges than fit; say fewer --seconds\n");
        return 1;
    }
    report(options, &run, seconds);
    free(run.latencies);
    free(callers);
    return 0;
}

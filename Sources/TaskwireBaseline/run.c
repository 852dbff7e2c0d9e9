#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Latencies that are kept: every single one, so that percentiles are exact.
#define MAX_EXCHANGES ((uint64_t)1 << 26)

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void open_run(Run *run, const LoadOptions *options) {
    // Pages are taken as they are used.
    *run = (Run){.options = options, .latencies = calloc(MAX_EXCHANGES, sizeof(uint64_t))};
    require(run->latencies ? 0 : NNG_ENOMEM, "making room for latencies");
    pthread_mutex_init(&run->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

int dial_patiently(int (*dial)(void *argument), void *argument) {
    uint64_t deadline = now() + (uint64_t)PATIENCE_SECONDS * 1000000000;
    const struct timespec pause = {.tv_nsec = 20000000};
    int result = dial(argument);
    while ((result == NNG_ECONNREFUSED || result == NNG_ENOENT) && now() < deadline) {
        nanosleep(&pause, NULL);
        result = dial(argument);
    }
    return result;
}

static void leave(Run *run) {
    pthread_mutex_lock(&run->lock);
    if (--run->running == 0) pthread_cond_signal(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

bool begin_exchange(Run *run, uint64_t time) {
    if (time < run->deadline && atomic_fetch_add(&run->begun, 1) < run->limit) return true;
    leave(run);
    return false;
}

void end_exchange(Run *run, uint64_t latency) {
    run->latencies[atomic_fetch_add(&run->done, 1)] = latency;
}

void fail_exchange(Run *run) {
    atomic_fetch_add(&run->failed, 1);
    leave(run);
}

// Has all callers work until the phase is over. Returns how long that took, in seconds.
static double phase(Run *run, double seconds, uint64_t limit, void (*start)(void *argument), void *argument) {
    atomic_store(&run->begun, 0);
    atomic_store(&run->done, 0);
    run->running = run->options->callers;
    run->limit = limit;
    uint64_t beginning = now();
    run->deadline = beginning + (uint64_t)(seconds * 1e9);
    start(argument);

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
    return (double)(now() - beginning) / 1e9;
}

double make_load(Run *run, void (*start)(void *argument), void *argument) {
    const LoadOptions *options = run->options;
    if (options->warm_up_seconds > 0) phase(run, options->warm_up_seconds, MAX_EXCHANGES, start, argument);
    if (run->failed > 0) return 0;
    return phase(run, options->seconds, options->count ? options->count : MAX_EXCHANGES, start, argument);
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

static void report(Run *run, double seconds) {
    const LoadOptions *options = run->options;
    uint64_t count = run->done;
    qsort(run->latencies, count, sizeof *run->latencies, compare);
    double rate = (double)count / seconds;
    printf(
        "{\"callers\":%d,\"calls\":%llu,\"errors\":%llu,\"maxMicroseconds\":%.1f,\"mix\":\"echo\",\"operations\":%llu,"
        "\"operationsPerSecond\":%.1f,\"p50Microseconds\":%.1f,\"p90Microseconds\":%.1f,\"p999Microseconds\":%.1f,"
        "\"p99Microseconds\":%.1f,\"replyBytes\":%zu,\"requestBytes\":%zu,\"seconds\":%.6f,\"throughput\":%.1f}\n",
        options->callers, (unsigned long long)count, (unsigned long long)run->failed, percentile(run, 1),
        (unsigned long long)count, rate, percentile(run, 0.5), percentile(run, 0.9), percentile(run, 0.999),
        percentile(run, 0.99), options->reply_bytes, options->request_bytes, seconds, rate
    );
}

int close_run(Run *run, double seconds) {
    int code = 1;
    if (run->failed > 0) {
        fprintf(stderr, "taskwire-baseline: %llu exchanges failed\n", (unsigned long long)run->failed);
    } else if (!run->options->count && run->begun >= MAX_EXCHANGES) {
        fprintf(stderr, "taskwire-baseline: more exchanges than fit; say fewer --seconds\n");
    } else {
        report(run, seconds);
        code = 0;
    }
    free(run->latencies);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    return code;
}

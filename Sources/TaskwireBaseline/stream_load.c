#include "connection.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

// A request id has the number of its caller in the low bits, a count of exchanges above them, and the high bit set.
#define CALLER_BITS 14
#define ID_FLAG 0x80000000u

typedef struct {
    // The request in flight; 0: none.
    uint32_t id;
    uint64_t start;
} Caller;

// All callers share one connection, whose lock guards them.
typedef struct {
    Run run;
    nng_stream_dialer *dialer;
    nng_aio *dialing;
    Connection *connection;
    Caller *callers;
    uint32_t exchanges;
    // Guarded by the lock of the run.
    bool has_ended;
} StreamLoad;

// Appends the next request of a caller to the output, unless the phase is over.
static void call(StreamLoad *load, size_t number, uint64_t time) {
    Run *run = &load->run;
    if (!begin_exchange(run, time)) return;
    size_t length = run->options->request_bytes;
    uint8_t *request = load->connection->is_closed ? NULL : connection_append(load->connection, WORD_BYTES + length);
    if (!request) return fail_exchange(run);
    uint32_t id = ID_FLAG | load->exchanges++ << CALLER_BITS | (uint32_t)number;
    for (size_t i = 0; i < WORD_BYTES; i++) request[i] = (uint8_t)(id >> (24 - 8 * i));
    memset(request + WORD_BYTES, 'x', length);
    load->callers[number] = (Caller){.id = id, .start = time};
}

static bool take_reply(Connection *connection, const uint8_t *reply, size_t length) {
    StreamLoad *load = connection->owner;
    uint64_t time = now();
    // Requests of this end pass no devices.
    if (header_length(reply, length) != WORD_BYTES) return false;
    uint32_t id = 0;
    for (size_t i = 0; i < WORD_BYTES; i++) id = id << 8 | reply[i];
    size_t number = id & ((1u << CALLER_BITS) - 1);
    if (number >= (size_t)load->run.options->callers || load->callers[number].id != id) return false;
    Caller *caller = &load->callers[number];
    caller->id = 0;
    if (length - WORD_BYTES != load->run.options->reply_bytes) {
        fail_exchange(&load->run);
        return true;
    }
    end_exchange(&load->run, time - caller->start);
    call(load, number, time);
    return true;
}

// The exchanges that were in flight have failed.
static void connection_ended(Connection *connection) {
    StreamLoad *load = connection->owner;
    connection_lock(connection);
    for (int i = 0; i < load->run.options->callers; i++) {
        if (load->callers[i].id != 0) fail_exchange(&load->run);
        load->callers[i].id = 0;
    }
    connection_unlock(connection);
    pthread_mutex_lock(&load->run.lock);
    load->has_ended = true;
    pthread_cond_signal(&load->run.changed);
    pthread_mutex_unlock(&load->run.lock);
}

static const Role role = {
    .protocol = REQ_PROTOCOL,
    .peer_protocol = REP_PROTOCOL,
    // Each caller has one request at most. An end that stopped reading could deadlock with a server that does, too.
    .max_unsent_bytes = SIZE_MAX,
    .received = take_reply,
    .ended = connection_ended,
};

static void start_callers(void *argument) {
    StreamLoad *load = argument;
    connection_lock(load->connection);
    for (int i = 0; i < load->run.options->callers; i++) call(load, (size_t)i, now());
    connection_flush(load->connection);
    connection_unlock(load->connection);
}

static int dial(void *argument) {
    StreamLoad *load = argument;
    nng_stream_dialer_dial(load->dialer, load->dialing);
    nng_aio_wait(load->dialing);
    return nng_aio_result(load->dialing);
}

int load_stream(const LoadOptions *options) {
    StreamLoad load = {0};
    bool has_types = is_ipc(options->url);
    open_run(&load.run, options);
    load.callers = calloc((size_t)options->callers, sizeof *load.callers);
    require(load.callers ? 0 : NNG_ENOMEM, "making room for callers");
    require(nng_stream_dialer_alloc(&load.dialer, options->url), "making a dialer");
    require(nng_aio_alloc(&load.dialing, NULL, NULL), "making an operation");
    require(dial_patiently(dial, &load), "connecting");
    load.connection = connection_create(nng_aio_get_output(load.dialing, 0), has_types, &role, &load);
    require(load.connection ? 0 : NNG_ENOMEM, "making a connection");
    connection_start(load.connection);
    double seconds = make_load(&load.run, start_callers, &load);

    connection_close(load.connection);
    pthread_mutex_lock(&load.run.lock);
    while (!load.has_ended) pthread_cond_wait(&load.run.changed, &load.run.lock);
    pthread_mutex_unlock(&load.run.lock);
    connection_free(load.connection);
    nng_aio_free(load.dialing);
    nng_stream_dialer_free(load.dialer);
    free(load.callers);
    return close_run(&load.run, seconds);
}

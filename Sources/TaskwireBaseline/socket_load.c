#include "run.h"

#include <stdlib.h>
#include <string.h>

#include <nng/protocol/reqrep0/req.h>

// One exchange at a time: send, and only when that is done receive.
typedef struct {
    Run *run;
    nng_ctx context;
    nng_aio *operation;
    bool is_sending;
    uint64_t start;
} Caller;

typedef struct {
    nng_socket socket;
    const char *url;
    Caller *callers;
    int caller_count;
} SocketLoad;

// Sends the next request, unless the phase is over.
static void call(Caller *caller) {
    Run *run = caller->run;
    size_t length = run->options->request_bytes;
    uint64_t start = now();
    if (!begin_exchange(run, start)) return;
    nng_msg *request;
    if (nng_msg_alloc(&request, length) != 0) return fail_exchange(run);
    memset(nng_msg_body(request), 'x', length);
    nng_aio_set_msg(caller->operation, request);
    caller->is_sending = true;
    caller->start = start;
    nng_ctx_send(caller->context, caller->operation);
}

static void operation_ended(void *argument) {
    Caller *caller = argument;
    Run *run = caller->run;
    if (nng_aio_result(caller->operation) != 0) {
        // A message that was not sent is still ours.
        if (caller->is_sending) nng_msg_free(nng_aio_get_msg(caller->operation));
        return fail_exchange(run);
    }
    if (caller->is_sending) {
        caller->is_sending = false;
        return nng_ctx_recv(caller->context, caller->operation);
    }
    uint64_t latency = now() - caller->start;
    nng_msg *reply = nng_aio_get_msg(caller->operation);
    bool is_whole = nng_msg_len(reply) == run->options->reply_bytes;
    nng_msg_free(reply);
    if (!is_whole) return fail_exchange(run);
    end_exchange(run, latency);
    call(caller);
}

static void start_callers(void *argument) {
    SocketLoad *load = argument;
    for (int i = 0; i < load->caller_count; i++) call(&load->callers[i]);
}

static int dial(void *argument) {
    SocketLoad *load = argument;
    return nng_dial(load->socket, load->url, NULL, 0);
}

int load_socket(const LoadOptions *options) {
    Run run;
    open_run(&run, options);
    SocketLoad load = {.url = options->url, .caller_count = options->callers};
    load.callers = calloc((size_t)load.caller_count, sizeof *load.callers);
    require(load.callers ? 0 : NNG_ENOMEM, "making room for callers");

    require(nng_req0_open(&load.socket), "opening a socket");
    require(nng_socket_set_size(load.socket, NNG_OPT_RECVMAXSZ, MAX_MESSAGE_BYTES), "limiting messages");
    // A lost exchange is an error, and not sent again.
    require(nng_socket_set_ms(load.socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "turning off resending");
    for (int i = 0; i < load.caller_count; i++) {
        Caller *caller = &load.callers[i];
        caller->run = &run;
        require(nng_ctx_open(&caller->context, load.socket), "opening a context");
        require(nng_aio_alloc(&caller->operation, operation_ended, caller), "making an operation");
    }
    require(dial_patiently(dial, &load), "connecting");
    double seconds = make_load(&run, start_callers, &load);

    // Nothing is in flight any more, and this is none of nng's threads.
    for (int i = 0; i < load.caller_count; i++) {
        nng_aio_stop(load.callers[i].operation);
        nng_aio_free(load.callers[i].operation);
        nng_ctx_close(load.callers[i].context);
    }
    nng_close(load.socket);
    free(load.callers);
    return close_run(&run, seconds);
}

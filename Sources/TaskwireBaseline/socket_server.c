#include "baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/protocol/reqrep0/rep.h>

// One request at a time: receive, send, and only when that is done receive again.
typedef struct {
    nng_ctx context;
    nng_aio *operation;
    bool is_sending;
    size_t reply_bytes;
} Answerer;

static void receive(Answerer *answerer) {
    answerer->is_sending = false;
    nng_ctx_recv(answerer->context, answerer->operation);
}

static void operation_ended(void *argument) {
    Answerer *answerer = argument;
    int result = nng_aio_result(answerer->operation);
    if (answerer->is_sending) {
        // A message that was not sent is still ours.
        if (result != 0) nng_msg_free(nng_aio_get_msg(answerer->operation));
        if (result != NNG_ECLOSED && result != NNG_ECANCELED) receive(answerer);
        return;
    }
    if (result != 0) {
        if (result != NNG_ECLOSED && result != NNG_ECANCELED) receive(answerer);
        return;
    }
    nng_msg_free(nng_aio_get_msg(answerer->operation));
    nng_msg *reply;
    if (nng_msg_alloc(&reply, answerer->reply_bytes) != 0) return receive(answerer);
    memset(nng_msg_body(reply), 'x', answerer->reply_bytes);
    nng_aio_set_msg(answerer->operation, reply);
    answerer->is_sending = true;
    nng_ctx_send(answerer->context, answerer->operation);
}

int serve_socket(const ServerOptions *options) {
    block_ending_signals();
    nng_socket socket;
    require(nng_rep0_open(&socket), "opening a socket");
    require(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, MAX_MESSAGE_BYTES), "limiting messages");
    Answerer *answerers = calloc((size_t)options->contexts, sizeof *answerers);
    require(answerers ? 0 : NNG_ENOMEM, "making room for contexts");
    for (int i = 0; i < options->contexts; i++) {
        answerers[i].reply_bytes = options->reply_bytes;
        require(nng_ctx_open(&answerers[i].context, socket), "opening a context");
        require(nng_aio_alloc(&answerers[i].operation, operation_ended, &answerers[i]), "making an operation");
        receive(&answerers[i]);
    }
    require(nng_listen(socket, options->url, NULL, 0), "listening");
    fprintf(stderr, "listening at %s\n", options->url);

    await_ending_signal();
    // Ends all operations; their callbacks are waited for before anything is freed.
    nng_close(socket);
    for (int i = 0; i < options->contexts; i++) {
        nng_aio_stop(answerers[i].operation);
        nng_aio_free(answerers[i].operation);
    }
    free(answerers);
    return 0;
}

#include "connection.h"

#include <stdio.h>
#include <string.h>

// The bound on replies that wait for a peer that does not read. The last one may exceed it.
#define MAX_UNSENT_BYTES ((size_t)8 << 20)
#define PAUSE_MILLISECONDS 100

typedef struct {
    size_t reply_bytes;
    bool is_ipc;
    nng_stream_listener *listener;
    nng_aio *accepting;
    // Whether `accepting` is a pause after a failure.
    bool is_pausing;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    Connection *connections;
} Server;

// Appends the reply to a request: the words before its body, and a body of its own.
static bool answer(Connection *connection, const uint8_t *request, size_t length) {
    const Server *server = connection->owner;
    size_t header = header_length(request, length);
    if (header == 0) return false;
    uint8_t *reply = connection_append(connection, header + server->reply_bytes);
    if (!reply) return false;
    memcpy(reply, request, header);
    memset(reply + header, 'x', server->reply_bytes);
    return true;
}

static void remove_connection(Connection *connection) {
    Server *server = connection->owner;
    pthread_mutex_lock(&server->lock);
    if (connection->next) connection->next->previous = connection->previous;
    *(connection->previous ? &connection->previous->next : &server->connections) = connection->next;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);
    connection_free(connection);
}

static const Role role = {
    .protocol = REP_PROTOCOL,
    .peer_protocol = REQ_PROTOCOL,
    .max_unsent_bytes = MAX_UNSENT_BYTES,
    .received = answer,
    .ended = remove_connection,
};

static void add_connection(Server *server, nng_stream *stream) {
    Connection *connection = connection_create(stream, server->is_ipc, &role, server);
    if (!connection) return;
    pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next) connection->next->previous = connection;
    server->connections = connection;
    pthread_mutex_unlock(&server->lock);
    connection_start(connection);
}

static void accept_ended(void *argument) {
    Server *server = argument;
    int result = nng_aio_result(server->accepting);
    if (result == NNG_ECLOSED || result == NNG_ECANCELED) return;
    if (result == 0 && !server->is_pausing) add_connection(server, nng_aio_get_output(server->accepting, 0));
    // Descriptors or memory may have run out: try again later.
    server->is_pausing = result != 0 && !server->is_pausing;
    if (server->is_pausing) return nng_sleep_aio(PAUSE_MILLISECONDS, server->accepting);
    nng_stream_listener_accept(server->listener, server->accepting);
}

int serve_streams(const ServerOptions *options) {
    block_ending_signals();
    Server server = {
        .reply_bytes = options->reply_bytes,
        .is_ipc = is_ipc(options->url),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    require(nng_stream_listener_alloc(&server.listener, options->url), "making a listener");
    require(nng_aio_alloc(&server.accepting, accept_ended, &server), "making an operation");
    require(nng_stream_listener_listen(server.listener), "listening");
    nng_stream_listener_accept(server.listener, server.accepting);
    fprintf(stderr, "listening at %s\n", options->url);

    await_ending_signal();
    // No connection is added once the accepting has stopped.
    nng_stream_listener_close(server.listener);
    nng_aio_stop(server.accepting);
    nng_aio_free(server.accepting);
    nng_stream_listener_free(server.listener);
    pthread_mutex_lock(&server.lock);
    for (Connection *connection = server.connections; connection; connection = connection->next) {
        connection_close(connection);
    }
    while (server.connections) pthread_cond_wait(&server.changed, &server.lock);
    pthread_mutex_unlock(&server.lock);
    return 0;
}

#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_BYTES ((size_t)8)
#define HELLO_MILLISECONDS 10000
#define LENGTH_BYTES ((size_t)8)
// The type of every message over ipc.
#define MESSAGE_TYPE 1
// Room for one read.
#define READ_BYTES ((size_t)128 << 10)

bool is_ipc(const char *url) {
    if (strncmp(url, "ipc://", 6) == 0 || strncmp(url, "abstract://", 11) == 0) return true;
    if (strncmp(url, "tcp://", 6) == 0) return false;
    fprintf(stderr, "taskwire-baseline: --url: a stream is ipc://, abstract:// or tcp://\n");
    exit(64);
}

// Makes room for so many more bytes. Returns whether there is.
static bool reserve(Buffer *buffer, size_t count) {
    if (buffer->capacity - buffer->length >= count) return true;
    size_t capacity = 2 * buffer->capacity;
    if (capacity < buffer->length + count) capacity = buffer->length + count;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

static uint64_t read_length(const uint8_t *bytes) {
    uint64_t length = 0;
    for (size_t i = 0; i < LENGTH_BYTES; i++) length = length << 8 | bytes[i];
    return length;
}

static void write_length(uint8_t *bytes, uint64_t length) {
    for (size_t i = LENGTH_BYTES; i-- > 0; length >>= 8) bytes[i] = (uint8_t)length;
}

size_t header_length(const uint8_t *message, size_t length) {
    for (size_t hops = 0; hops <= MAX_HOPS && (hops + 1) * WORD_BYTES <= length; hops++) {
        if (message[hops * WORD_BYTES] & 0x80) return (hops + 1) * WORD_BYTES;
    }
    return 0;
}

uint8_t *connection_append(Connection *connection, size_t length) {
    Buffer *output = &connection->output;
    size_t prefix = connection->has_types + LENGTH_BYTES;
    if (!reserve(output, prefix + length)) return NULL;
    uint8_t *bytes = output->bytes + output->length;
    if (connection->has_types) *bytes = MESSAGE_TYPE;
    write_length(bytes + connection->has_types, length);
    output->length += prefix + length;
    return bytes + prefix;
}

// The hello of an end that speaks a protocol.
static void write_hello(uint8_t *bytes, uint8_t protocol) {
    memcpy(bytes, (const uint8_t[HELLO_BYTES]){0, 'S', 'P', 0, 0, protocol, 0, 0}, HELLO_BYTES);
}

static void close_stream(Connection *connection) {
    if (connection->is_closed) return;
    connection->is_closed = true;
    // Ends what is pending.
    nng_stream_close(connection->stream);
}

static void post_send(Connection *connection) {
    const Buffer *sent = &connection->sent;
    nng_iov bytes = {sent->bytes + connection->sent_count, sent->length - connection->sent_count};
    nng_aio_set_iov(connection->sending, 1, &bytes);
    connection->is_sending = true;
    nng_stream_send(connection->stream, connection->sending);
}

void connection_flush(Connection *connection) {
    if (connection->is_closed || connection->is_sending || connection->output.length == 0) return;
    Buffer empty = connection->sent;
    empty.length = 0;
    connection->sent = connection->output;
    connection->sent_count = 0;
    connection->output = empty;
    post_send(connection);
}

// Whether no more replies may be added.
static bool is_full(const Connection *connection) {
    return connection->output.length >= connection->role->max_unsent_bytes;
}

// Takes all messages that are complete, as far as their replies have room. Returns whether the peer keeps the rules.
static bool take_messages(Connection *connection) {
    const Role *role = connection->role;
    Buffer *input = &connection->input;
    size_t taken = 0;
    if (!connection->has_hello) {
        if (input->length < HELLO_BYTES) return true;
        uint8_t hello[HELLO_BYTES];
        write_hello(hello, role->peer_protocol);
        if (memcmp(input->bytes, hello, HELLO_BYTES) != 0) return false;
        connection->has_hello = true;
        taken = HELLO_BYTES;
    }
    size_t prefix = connection->has_types + LENGTH_BYTES;
    while (input->length - taken >= prefix && !is_full(connection)) {
        const uint8_t *bytes = input->bytes + taken;
        if (connection->has_types && *bytes != MESSAGE_TYPE) return false;
        uint64_t length = read_length(bytes + connection->has_types);
        if (length > MAX_MESSAGE_BYTES) return false;
        if (input->length - taken - prefix < length) break;
        if (!role->received(connection, bytes + prefix, length)) return false;
        taken += prefix + length;
    }
    input->length -= taken;
    memmove(input->bytes, input->bytes + taken, input->length);
    return true;
}

static void receive(Connection *connection) {
    // Then the end of the send goes on.
    if (is_full(connection)) return;
    Buffer *input = &connection->input;
    if (!reserve(input, READ_BYTES)) return close_stream(connection);
    nng_iov room = {input->bytes + input->length, input->capacity - input->length};
    nng_aio_set_iov(connection->receiving, 1, &room);
    nng_aio_set_timeout(
        connection->receiving, connection->has_hello ? NNG_DURATION_INFINITE : HELLO_MILLISECONDS
    );
    connection->is_receiving = true;
    nng_stream_recv(connection->stream, connection->receiving);
}

// Does everything that can be done now. No receive may be in flight.
static void go_on(Connection *connection) {
    if (connection->is_closed) return;
    bool was_full;
    do {
        if (!take_messages(connection)) return close_stream(connection);
        was_full = is_full(connection);
        connection_flush(connection);
        // More messages may be there for the room that this made.
    } while (was_full && !is_full(connection));
    receive(connection);
}

static void receive_ended(void *argument) {
    Connection *connection = argument;
    connection_lock(connection);
    connection->is_receiving = false;
    if (nng_aio_result(connection->receiving) == 0) {
        connection->input.length += nng_aio_count(connection->receiving);
        go_on(connection);
    } else {
        close_stream(connection);
    }
    connection_unlock(connection);
}

static void send_ended(void *argument) {
    Connection *connection = argument;
    connection_lock(connection);
    connection->is_sending = false;
    if (nng_aio_result(connection->sending) == 0 && !connection->is_closed) {
        connection->sent_count += nng_aio_count(connection->sending);
        if (connection->sent_count < connection->sent.length) {
            post_send(connection);
        } else {
            connection_flush(connection);
            // Otherwise the end of the receive does.
            if (!connection->is_receiving) go_on(connection);
        }
    } else {
        close_stream(connection);
    }
    connection_unlock(connection);
}

Connection *connection_create(nng_stream *stream, bool has_types, const Role *role, void *owner) {
    Connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        nng_stream_free(stream);
        return NULL;
    }
    connection->role = role;
    connection->owner = owner;
    connection->has_types = has_types;
    connection->stream = stream;
    pthread_mutex_init(&connection->lock, NULL);
    bool is_complete = nng_aio_alloc(&connection->receiving, receive_ended, connection) == 0 &&
                       nng_aio_alloc(&connection->sending, send_ended, connection) == 0 &&
                       reserve(&connection->output, HELLO_BYTES);
    if (is_complete) return connection;
    connection_free(connection);
    return NULL;
}

void connection_start(Connection *connection) {
    connection_lock(connection);
    // The hello is no message: it has no length.
    write_hello(connection->output.bytes, connection->role->protocol);
    connection->output.length = HELLO_BYTES;
    go_on(connection);
    connection_unlock(connection);
}

void connection_close(Connection *connection) {
    connection_lock(connection);
    close_stream(connection);
    connection_unlock(connection);
}

void connection_free(Connection *connection) {
    nng_stream_free(connection->stream);
    // This may be the callback of one of them, which `nng_aio_free` would wait for.
    nng_aio_reap(connection->receiving);
    nng_aio_reap(connection->sending);
    free(connection->input.bytes);
    free(connection->output.bytes);
    free(connection->sent.bytes);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
}

void connection_lock(Connection *connection) {
    pthread_mutex_lock(&connection->lock);
}

void connection_unlock(Connection *connection) {
    bool ends = connection->is_closed && !connection->is_receiving && !connection->is_sending && !connection->has_ended;
    if (ends) connection->has_ended = true;
    pthread_mutex_unlock(&connection->lock);
    if (ends) connection->role->ended(connection);
}

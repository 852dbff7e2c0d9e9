// A connection that speaks SP over one of nng's byte streams: a hello of each end, then messages with their length.
#pragma once

#include "baseline.h"

#include <pthread.h>

#define REQ_PROTOCOL 0x30
#define REP_PROTOCOL 0x31

// Devices that a message may have passed, each of which puts a word before the request id.
#define MAX_HOPS 8
#define WORD_BYTES ((size_t)4)

typedef struct Connection Connection;

// The end of the protocol that a connection plays for its owner. nng's threads call these functions.
typedef struct {
    uint8_t protocol;
    uint8_t peer_protocol;
    // Nothing more is taken or read while this much waits to be sent, because a peer may send without reading.
    size_t max_unsent_bytes;
    // Takes a message, with the lock held. Returns whether the connection may go on.
    bool (*received)(Connection *connection, const uint8_t *message, size_t length);
    // The connection is closed, and nothing is pending on it. Called once, without the lock; the owner may free it now.
    void (*ended)(Connection *connection);
} Role;

typedef struct {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
} Buffer;

struct Connection {
    const Role *role;
    void *owner;
    // For the owner's list.
    Connection *previous, *next;

    // Guards everything below. Operations are posted and the stream is closed under it, as one that is posted to a
    // closed stream never ends.
    pthread_mutex_t lock;
    nng_stream *stream;
    // One operation at a time on each.
    nng_aio *receiving;
    nng_aio *sending;
    bool is_receiving;
    bool is_sending;
    bool is_closed;
    // Whether `ended` was called, or is about to be.
    bool has_ended;
    bool has_hello;
    // Whether a byte with the type precedes the length of a message.
    bool has_types;
    Buffer input;
    // Collects messages while `sent` is being sent.
    Buffer output;
    Buffer sent;
    size_t sent_count;
};

// Whether a connection to the URL is one over ipc; ends the program when it is neither over ipc nor over tcp.
bool is_ipc(const char *url);

// Takes the stream. Returns NULL, with the stream freed, when there is no memory. An open connection always has an
// operation pending, so that its end is noticed.
Connection *connection_create(nng_stream *stream, bool has_types, const Role *role, void *owner);
// Says hello and starts receiving.
void connection_start(Connection *connection);
void connection_close(Connection *connection);
void connection_free(Connection *connection);

void connection_lock(Connection *connection);
void connection_unlock(Connection *connection);

// With the lock held: appends a message of that length to the output and returns its bytes, which are to be written
// before the lock is released. Returns NULL when there is no memory.
uint8_t *connection_append(Connection *connection, size_t length);
// With the lock held: sends the output, unless a send is in flight, which is followed by it. What `received` appends is
// sent without this call.
void connection_flush(Connection *connection);

// The length of the words before the body of a message: those of devices, and the request id, which is the first one
// with its high bit set. Returns 0 when they are malformed.
size_t header_length(const uint8_t *message, size_t length);

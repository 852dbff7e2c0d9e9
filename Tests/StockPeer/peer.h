// A REQ and a REP peer over nng's own sockets, which tests talk to: it sends and takes what other people's programs do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nng/nng.h>

typedef struct {
    const char *url;
    // Raw sockets leave the words before the body, those of devices and the request id, to the program.
    bool is_raw;
    // How long each step may take: connecting, the next line, the next message, the end.
    long timeout_milliseconds;
    // Precedes the body in a reply.
    uint8_t *prefix;
    size_t prefix_length;
    // Files in PEM, for tls+tcp; NULL where they are not given.
    const char *authority;
    const char *certificate;
    const char *key;
    const char *server_name;
} Options;

// Sends a request for each line of the standard input and prints each reply. Returns the exit code.
int run_req(const Options *options);
// Answers requests and prints each, until SIGINT or SIGTERM. Returns the exit code.
int run_rep(const Options *options);

// Ends the program with an error: `format` is that of printf.
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
// Ends the program when a step failed.
void require(int result, const char *step);
// Ends the program when the step that begins now takes too long.
void begin_step(const Options *options, const char *step);

// The bytes of a text of hex digits, in which white space means nothing. Returns NULL when it is something else. The
// caller frees them.
uint8_t *parse_hex(const char *text, size_t *length);

// A message with a body of both parts one after the other.
nng_msg *message_of(const uint8_t *first, size_t first_length, const uint8_t *second, size_t second_length);
// Moves the words before the body from the body to the header, up to the first one with its high bit set. Returns
// whether there is one.
bool split_header(nng_msg *message);
// Prints a message as a line of hex digits. Words of the header beyond the first `skipped_words` come before the body,
// each followed by a space.
void print_message(nng_msg *message, size_t skipped_words);

// The configuration of TLS, or NULL when the URL has none. The caller frees it.
struct nng_tls_config *tls_configuration(const Options *options, bool is_server);

#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>

// The request of a line.
static nng_msg *request_of(const Options *options, const char *line, unsigned number) {
    size_t length;
    uint8_t *bytes = parse_hex(line, &length);
    if (!bytes) fail("line %u: not pairs of hex digits", number);
    nng_msg *request = message_of(bytes, length, NULL, 0);
    free(bytes);
    if (options->is_raw && !split_header(request)) fail("line %u: no word has its high bit set", number);
    return request;
}

int run_req(const Options *options) {
    nng_socket socket;
    nng_dialer dialer;
    require(options->is_raw ? nng_req0_open_raw(&socket) : nng_req0_open(&socket), "opening a socket");
    if (!options->is_raw) {
        // Each request is sent once, whatever happens.
        require(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "turning off resending");
    }
    require(nng_dialer_create(&dialer, socket, options->url), options->url);
    nng_tls_config *configuration = tls_configuration(options, false);
    if (configuration) {
        require(nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, configuration), "configuring TLS");
        nng_tls_config_free(configuration);
    }
    begin_step(options, "connecting");
    require(nng_dialer_start(dialer, 0), "connecting");

    char *line = NULL;
    size_t capacity = 0;
    for (unsigned number = 1;; number++) {
        begin_step(options, "reading a line");
        if (getline(&line, &capacity, stdin) < 0) break;
        nng_msg *message = request_of(options, line, number);
        begin_step(options, "sending a request");
        require(nng_sendmsg(socket, message, 0), "sending a request");
        begin_step(options, "receiving a reply");
        require(nng_recvmsg(socket, &message, 0), "receiving a reply");
        // A raw socket takes the first word alone.
        if (options->is_raw && !split_header(message)) fail("a reply has no word with its high bit set");
        print_message(message, 0);
        nng_msg_free(message);
    }
    if (ferror(stdin)) fail("the input cannot be read");
    free(line);
    begin_step(options, "closing");
    nng_close(socket);
    return 0;
}

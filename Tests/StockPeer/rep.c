#include "peer.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/tls/tls.h>

typedef struct {
    const Options *options;
    nng_socket socket;
} Server;

// Prints and answers one request after the other until the socket is closed.
static void *answer(void *argument) {
    const Server *server = argument;
    const Options *options = server->options;
    for (;;) {
        begin_step(options, "receiving a request");
        nng_msg *request;
        int result = nng_recvmsg(server->socket, &request, 0);
        if (result == NNG_ECLOSED) return NULL;
        require(result, "receiving a request");
        // The first word of a raw socket's header says which connection a request came over, and is not sent.
        print_message(request, options->is_raw ? 1 : 0);
        nng_msg *reply =
            message_of(options->prefix, options->prefix_length, nng_msg_body(request), nng_msg_len(request));
        if (options->is_raw) {
            require(
                nng_msg_header_append(reply, nng_msg_header(request), nng_msg_header_len(request)), "making a header"
            );
        }
        nng_msg_free(request);
        begin_step(options, "sending a reply");
        result = nng_sendmsg(server->socket, reply, 0);
        if (result != 0) nng_msg_free(reply);
        if (result == NNG_ECLOSED) return NULL;
        require(result, "sending a reply");
    }
}

int run_rep(const Options *options) {
    // Before nng has threads, which then leave the signals alone, too.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);

    Server server = {.options = options};
    nng_listener listener;
    require(options->is_raw ? nng_rep0_open_raw(&server.socket) : nng_rep0_open(&server.socket), "opening a socket");
    require(nng_listener_create(&listener, server.socket, options->url), options->url);
    nng_tls_config *configuration = tls_configuration(options, true);
    if (configuration) {
        require(nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, configuration), "configuring TLS");
        nng_tls_config_free(configuration);
    }
    require(nng_listener_start(listener, 0), "listening");
    // With the port that was chosen where the URL has 0.
    char *url;
    require(nng_listener_get_string(listener, NNG_OPT_URL, &url), "listening");
    fprintf(stderr, "listening at %s\n", url);
    nng_strfree(url);

    pthread_t thread;
    require(pthread_create(&thread, NULL, answer, &server) == 0 ? 0 : NNG_ENOMEM, "making a thread");
    int number;
    sigwait(&ending, &number);
    nng_close(server.socket);
    pthread_join(thread, NULL);
    return 0;
}

#include "baseline.h"

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Bytes of a Request with a GetTask and of its Response, as `taskwire bench --mix get --payload 200` sends and gets them
// by themselves. The request has the method's name with 31 bytes and the id of the task with 36; the reply has that id,
// a status message of 200 bytes, the status, three times, the revision, and the label bench=get. Nothing of the 4 bytes
// that nng puts before both.
#define GET_REQUEST_BYTES 79
#define GET_REPLY_BYTES 290
#define DEFAULT_CONTEXTS 64

#define USAGE                                                                                                      \
    "usage: taskwire-baseline serve [--stream] --url URL [--contexts N] [--reply BYTES]\n"                         \
    "       taskwire-baseline load [--stream] --url URL [--callers N] [--count N | --seconds N]\n"                 \
    "                              [--warm-up SECONDS] [--request BYTES] [--reply BYTES]\n"                        \
    "\n"                                                                                                           \
    "Raw REQ/REP exchanges over nng, the limits of what Taskwire can reach. URL is ipc:// or tcp://. The sizes are\n" \
    "those of reading a task (--request 79 --reply 290) unless they are given.\n"                                  \
    "\n"                                                                                                           \
    "By default both ends use nng's sockets. With --stream they speak the same protocol over nng's byte streams:\n" \
    "a load uses one connection and has a request of each caller in flight. Either load works with either server.\n"

static void fail(const char *name, const char *problem) {
    fprintf(stderr, "taskwire-baseline: %s: %s\n", name, problem);
    exit(64);
}

void require(int result, const char *step) {
    if (result == 0) return;
    fprintf(stderr, "taskwire-baseline: %s: %s\n", step, nng_strerror(result));
    // At once: operations may be under way.
    _Exit(1);
}

static sigset_t ending_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void block_ending_signals(void) {
    sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

void await_ending_signal(void) {
    sigset_t signals = ending_signals();
    int number;
    sigwait(&signals, &number);
}

// The number that an option says, within a range.
static double number(const char *name, const char *text, double lowest, double highest) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !isfinite(value)) fail(name, "is not a number");
    if (value < lowest || value > highest) fail(name, "is out of range");
    return value;
}

int main(int argument_count, char **arguments) {
    enum { url, stream, contexts, callers, count, seconds, warm_up, request, reply };
    static const struct option names[] = {
        {"url", required_argument, NULL, url},
        {"stream", no_argument, NULL, stream},
        {"contexts", required_argument, NULL, contexts},
        {"callers", required_argument, NULL, callers},
        {"count", required_argument, NULL, count},
        {"seconds", required_argument, NULL, seconds},
        {"warm-up", required_argument, NULL, warm_up},
        {"request", required_argument, NULL, request},
        {"reply", required_argument, NULL, reply},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    ServerOptions server = {.reply_bytes = GET_REPLY_BYTES};
    LoadOptions client = {
        .callers = 64,
        .request_bytes = GET_REQUEST_BYTES,
        .reply_bytes = GET_REPLY_BYTES,
        .seconds = 10,
        .warm_up_seconds = 1,
    };
    bool is_stream = false;
    for (int option; (option = getopt_long(argument_count, arguments, "", names, NULL)) != -1;) {
        switch (option) {
        case url: server.url = client.url = optarg; break;
        case stream: is_stream = true; break;
        case contexts: server.contexts = (int)number("--contexts", optarg, 1, 16384); break;
        case callers: client.callers = (int)number("--callers", optarg, 1, 16384); break;
        case count:
            client.count = (uint64_t)number("--count", optarg, 1, 1 << 24);
            client.seconds = 86400;
            break;
        case seconds: client.seconds = number("--seconds", optarg, 0.001, 3600); break;
        case warm_up: client.warm_up_seconds = number("--warm-up", optarg, 0, 3600); break;
        case request: client.request_bytes = (size_t)number("--request", optarg, 0, MAX_MESSAGE_BYTES / 2); break;
        case reply:
            server.reply_bytes = client.reply_bytes = (size_t)number("--reply", optarg, 0, MAX_MESSAGE_BYTES / 2);
            break;
        case 'h': printf("%s", USAGE); return 0;
        default: fprintf(stderr, "%s", USAGE); return 64;
        }
    }
    const char *command = optind == argument_count - 1 ? arguments[optind] : "";
    if (!server.url) fail("--url", "is missing");
    if (is_stream && server.contexts) fail("--contexts", "is not for --stream");
    if (!server.contexts) server.contexts = DEFAULT_CONTEXTS;
    if (strcmp(command, "serve") == 0) return is_stream ? serve_streams(&server) : serve_socket(&server);
    if (strcmp(command, "load") == 0) return is_stream ? load_stream(&client) : load_socket(&client);
    fprintf(stderr, "%s", USAGE);
    return 64;
}

#include "peer.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MILLISECONDS 30000

#define USAGE                                                                                                      \
    "usage: stock-peer req URL [--raw] [--timeout-ms N] [--ca FILE] [--server-name NAME] [--cert FILE --key FILE]\n" \
    "       stock-peer rep URL [--raw] [--timeout-ms N] [--prefix HEX] [--cert FILE --key FILE] [--ca FILE]\n"     \
    "\n"                                                                                                           \
    "A REQ or a REP socket of the nng library, at ipc://, abstract://, tcp:// or tls+tcp://.\n"                    \
    "\n"                                                                                                           \
    "req sends each line of the standard input, in hex, as a request, and prints the reply as a line of hex. Each\n" \
    "request follows the reply before it and is sent once.\n"                                                      \
    "rep prints each request as a line of hex and replies with the same body. It writes its address to the standard\n" \
    "error when it listens, and ends with SIGTERM.\n"                                                              \
    "\n"                                                                                                           \
    "  --raw             uses a raw socket, which leaves the words before the body to the lines. A line of req begins\n" \
    "                    with the words of devices, if any, and the request id, the first word with its high bit\n" \
    "                    set; white space means nothing. A line that is printed has a space after each word.\n"    \
    "  --timeout-ms N    ends the program with 1 when connecting, a line, a message or closing takes longer;\n"    \
    "                    0: never (default: 30000)\n"                                                              \
    "  --prefix HEX      precedes the body in each reply\n"                                                        \
    "  --ca FILE         authorities that the certificate of the other end has to come from; req needs it for\n"   \
    "                    tls+tcp://, and rep takes clients without a certificate unless it is given\n"             \
    "  --cert, --key     the certificate and its key; rep needs them for tls+tcp://\n"                             \
    "  --server-name     the name that the certificate of the server has to have; unchecked unless it is given\n"   \
    "\n"                                                                                                           \
    "Exit codes: 0 at the end of the input or after SIGTERM, 1 after a failure, 64 for a wrong command line.\n"

// The step that is under way, for the handler of SIGALRM.
static const char *volatile current_step;

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("stock-peer: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    // At once: operations may be under way.
    _Exit(1);
}

void require(int result, const char *step) {
    if (result != 0) fail("%s: %s", step, nng_strerror(result));
}

static void refuse(const char *name, const char *problem) {
    fprintf(stderr, "stock-peer: %s %s\n", name, problem);
    exit(64);
}

static void write_text(const char *text) {
    // Nothing can be done about a failure here.
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void time_out(int number) {
    (void)number;
    write_text("stock-peer: timed out: ");
    write_text(current_step);
    write_text("\n");
    _Exit(1);
}

void begin_step(const Options *options, const char *step) {
    current_step = step;
    long milliseconds = options->timeout_milliseconds;
    const struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

// Ends the program when the options do not go together.
static void check(const Options *options, bool is_req) {
    bool is_tls = strncmp(options->url, "tls+", 4) == 0;
    if (!is_tls && options->authority) refuse("--ca", "is for tls+tcp://");
    if (!is_tls && options->certificate) refuse("--cert", "is for tls+tcp://");
    if ((!is_tls || !is_req) && options->server_name) refuse("--server-name", "is for req over tls+tcp://");
    if (!options->certificate != !options->key) refuse("--cert and --key", "go together");
    if (is_tls && is_req && !options->authority) refuse("--ca", "is missing");
    if (is_tls && !is_req && !options->certificate) refuse("--cert", "is missing");
    if (is_req && options->prefix) refuse("--prefix", "is for rep");
}

int main(int argument_count, char **arguments) {
    enum { raw, timeout, prefix, authority, certificate, key, server_name };
    static const struct option names[] = {
        {"raw", no_argument, NULL, raw},
        {"timeout-ms", required_argument, NULL, timeout},
        {"prefix", required_argument, NULL, prefix},
        {"ca", required_argument, NULL, authority},
        {"cert", required_argument, NULL, certificate},
        {"key", required_argument, NULL, key},
        {"server-name", required_argument, NULL, server_name},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    Options options = {.timeout_milliseconds = DEFAULT_TIMEOUT_MILLISECONDS};
    for (int option; (option = getopt_long(argument_count, arguments, "", names, NULL)) != -1;) {
        switch (option) {
        case raw: options.is_raw = true; break;
        case timeout: {
            char *end;
            options.timeout_milliseconds = strtol(optarg, &end, 10);
            if (end == optarg || *end != 0) refuse("--timeout-ms", "is not a number");
            if (options.timeout_milliseconds < 0 || options.timeout_milliseconds > 86400000) {
                refuse("--timeout-ms", "is out of range");
            }
            break;
        }
        case prefix:
            free(options.prefix);
            options.prefix = parse_hex(optarg, &options.prefix_length);
            if (!options.prefix) refuse("--prefix", "is not pairs of hex digits");
            break;
        case authority: options.authority = optarg; break;
        case certificate: options.certificate = optarg; break;
        case key: options.key = optarg; break;
        case server_name: options.server_name = optarg; break;
        case 'h': fputs(USAGE, stdout); return 0;
        default: fputs(USAGE, stderr); return 64;
        }
    }
    bool has_command = optind == argument_count - 2;
    const char *command = has_command ? arguments[optind] : "";
    bool is_req = strcmp(command, "req") == 0;
    if (!is_req && strcmp(command, "rep") != 0) {
        fputs(USAGE, stderr);
        return 64;
    }
    options.url = arguments[optind + 1];
    check(&options, is_req);
    signal(SIGALRM, time_out);
    int code = is_req ? run_req(&options) : run_rep(&options);
    free(options.prefix);
    return code;
}

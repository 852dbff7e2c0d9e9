#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/supplemental/tls/tls.h>

// Certificates and keys are smaller.
#define MAX_FILE_BYTES 65536

// The text of a file. The caller frees it.
static char *text_of(const char *path) {
    char *text = malloc(MAX_FILE_BYTES + 1);
    if (!text) fail("out of memory");
    FILE *file = fopen(path, "r");
    if (!file) fail("%s: %s", path, strerror(errno));
    size_t length = fread(text, 1, MAX_FILE_BYTES, file);
    if (ferror(file)) fail("%s: %s", path, strerror(errno));
    fclose(file);
    text[length] = 0;
    return text;
}

struct nng_tls_config *tls_configuration(const Options *options, bool is_server) {
    if (strncmp(options->url, "tls+", 4) != 0) return NULL;
    nng_tls_config *configuration;
    nng_tls_mode mode = is_server ? NNG_TLS_MODE_SERVER : NNG_TLS_MODE_CLIENT;
    require(nng_tls_config_alloc(&configuration, mode), "configuring TLS");
    if (options->authority) {
        require(nng_tls_config_ca_file(configuration, options->authority), options->authority);
        require(nng_tls_config_auth_mode(configuration, NNG_TLS_AUTH_MODE_REQUIRED), "configuring TLS");
    }
    if (options->certificate) {
        char *certificate = text_of(options->certificate), *key = text_of(options->key);
        require(nng_tls_config_own_cert(configuration, certificate, key, NULL), options->certificate);
        free(certificate);
        free(key);
    }
    if (options->server_name) {
        require(nng_tls_config_server_name(configuration, options->server_name), "configuring TLS");
    }
    return configuration;
}

#include "peer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES ((size_t)4)

static int digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    int letter = tolower((unsigned char)character);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

uint8_t *parse_hex(const char *text, size_t *length) {
    uint8_t *bytes = malloc(strlen(text) / 2 + 1);
    if (!bytes) fail("out of memory");
    size_t digits = 0;
    for (; *text; text++) {
        if (isspace((unsigned char)*text)) continue;
        int value = digit(*text);
        if (value < 0) break;
        uint8_t high = digits % 2 == 0 ? 0 : (uint8_t)(bytes[digits / 2] << 4);
        bytes[digits++ / 2] = high | (uint8_t)value;
    }
    if (*text || digits % 2 != 0) {
        free(bytes);
        return NULL;
    }
    *length = digits / 2;
    return bytes;
}

nng_msg *message_of(const uint8_t *first, size_t first_length, const uint8_t *second, size_t second_length) {
    nng_msg *message;
    require(nng_msg_alloc(&message, 0), "making a message");
    require(nng_msg_append(message, first, first_length), "making a message");
    require(nng_msg_append(message, second, second_length), "making a message");
    return message;
}

bool split_header(nng_msg *message) {
    size_t length = nng_msg_header_len(message);
    const uint8_t *header = nng_msg_header(message);
    if (length >= WORD_BYTES && header[length - WORD_BYTES] & 0x80) return true;
    while (nng_msg_len(message) >= WORD_BYTES) {
        bool is_last = *(const uint8_t *)nng_msg_body(message) & 0x80;
        require(nng_msg_header_append(message, nng_msg_body(message), WORD_BYTES), "making a header");
        require(nng_msg_trim(message, WORD_BYTES), "making a header");
        if (is_last) return true;
    }
    return false;
}

static void print_hex(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

void print_message(nng_msg *message, size_t skipped_words) {
    const uint8_t *header = nng_msg_header(message);
    size_t length = nng_msg_header_len(message);
    for (size_t i = skipped_words * WORD_BYTES; i + WORD_BYTES <= length; i += WORD_BYTES) {
        print_hex(header + i, WORD_BYTES);
        putchar(' ');
    }
    print_hex(nng_msg_body(message), nng_msg_len(message));
    putchar('\n');
    if (fflush(stdout) != 0) fail("the output cannot be written");
}

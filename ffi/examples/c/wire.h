/* What the two programs of this example say to each other: messages of one byte that says what it is, four bytes of
 * length (big-endian), and the content. In place of your own transport. */
#ifndef WIRE_H
#define WIRE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_MESSAGE (1u << 20)

typedef struct {
    uint8_t *data; /* null if the message is empty */
    size_t len;
} Message;

static int write_all(int file, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t written = write(file, at, len);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return -1;
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

static int read_all(int file, void *data, size_t len) {
    uint8_t *at = data;
    while (len > 0) {
        ssize_t got = read(file, at, len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

static int put(int file, char what, const void *data, size_t len) {
    uint8_t head[5] = {(uint8_t)what, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    if (len > LONGEST_MESSAGE || write_all(file, head, sizeof head) != 0) return -1;
    return len == 0 ? 0 : write_all(file, data, len);
}

/* Takes the next message, whatever it is. Its content is freed with free. 0 at the end, or after something that is none. */
static char get_any(int file, Message *message) {
    uint8_t head[5];
    message->data = NULL;
    message->len = 0;
    if (read_all(file, head, sizeof head) != 0) return 0;
    size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (len > LONGEST_MESSAGE) return 0;
    if (len > 0) {
        message->data = malloc(len + 1);
        if (message->data == NULL) return 0;
        message->data[len] = 0;
        if (read_all(file, message->data, len) != 0) {
            free(message->data);
            message->data = NULL;
            return 0;
        }
        message->len = len;
    }
    return (char)head[0];
}

/* Takes the next message, which must be of this kind. */
static int get(int file, char what, Message *message) {
    if (get_any(file, message) == what) return 0;
    free(message->data);
    message->data = NULL;
    message->len = 0;
    return -1;
}

#endif

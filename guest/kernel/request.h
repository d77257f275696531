/* A call of one of the host's objects, or of somebody who serves the same requests. */
#ifndef MOTTE_REQUEST_H
#define MOTTE_REQUEST_H

#include <motte.h>
#include <motte_protocol.h>

#define hidden __attribute__((__visibility__("hidden")))

struct request {
    const void *bytes;
    unsigned size;
    const int *capabilities; /* that go along */
    unsigned capability_count;
    int block; /* that goes along; 0: none */
    void *result; /* exactly `result_size` bytes are expected, and `handles` capabilities (at most one) */
    unsigned result_size;
    unsigned handles;
    long timeout;
};

/* 0, or the handle that came; or a negated enum motte_error. */
hidden int __motte_request(int object, unsigned number, const struct request *request);

/* What came with a message that nobody wants. */
hidden void __motte_drop_all(const struct motte_message *message);

/* Those that pass a number, and those that pass nothing. */
hidden int __motte_request_size(int object, unsigned number, unsigned long size);
hidden int __motte_request_plain(int object, unsigned number);

/* A request that a struct motte_spawn_request describes. */
hidden int __motte_make_process(int maker, unsigned number, const struct motte_spawn_options *options);

/* The answer is a record. */
hidden int __motte_request_record(int object, unsigned number, void *result, unsigned size);

#endif

/* Opening what a place leads to. */
#ifndef MOTTE_PERSONALITY_OPEN_H
#define MOTTE_PERSONALITY_OPEN_H

#include "paths.h"

struct open_request {
    int32_t flags; /* checked flags of open */
    mode_t mode;   /* of a file that is created */
    bool writes;   /* needs a writable grant if the file is there */
};

/* A host descriptor of a regular file or a directory, with `file->kind` set; or -errno. */
int64_t open_or_create(struct personality *personality, const struct place *place, const struct open_request *request,
                       struct open_file *file);

#endif

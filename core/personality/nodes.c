#define _GNU_SOURCE
#include "nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "scratch.h"

int64_t node_open(const struct place *place, const struct open_request *request, struct open_file *file)
{
    const struct tree_open wanted = {
        .creates = request->flags & O_CREAT,
        .exclusive = request->flags & O_EXCL,
        .truncates = request->flags & O_TRUNC,
        .directory = request->flags & O_DIRECTORY,
        .writes = request->writes,
        .writable = place->writable,
        .mode = request->mode,
    };
    file->node = NULL;
    int64_t error = tree_open(place->tree, place->base, place->rest, &wanted, &file->node);
    if (error) {
        file->node = NULL;
        return error;
    }
    file->kind = file->node->is_directory ? FILE_DIRECTORY : FILE_REGULAR;
    return 0;
}

void node_close(const struct open_file *file)
{
    if (file->host >= 0)
        close(file->host);
    tree_node_release(file->node);
}

int64_t node_status(const struct place *place, struct stat *status)
{
    struct tree_node *node;
    int64_t error = tree_find(place->tree, place->base, place->rest, &node);
    if (error)
        return error;
    tree_status(node, status);
    tree_node_release(node);
    return 0;
}

int64_t node_access(const struct place *place, int32_t mode)
{
    struct stat status;
    int64_t error = node_status(place, &status);
    if (error)
        return error;
    if ((mode & W_OK) && !place->writable)
        return -EROFS;
    return (mode & X_OK) && !S_ISDIR(status.st_mode) ? -EACCES : 0;
}

int64_t node_hold_for_change(const struct place *place, struct tree_node **node)
{
    int64_t error = tree_find(place->tree, place->base, place->rest, node);
    if (!error && !place->writable) {
        tree_node_release(*node);
        error = -EROFS;
    }
    if (error)
        *node = NULL;
    return error;
}

int64_t node_move(struct open_file *file, int64_t position, bool out, size_t size)
{
    unsigned char *bounce = personality_scratch()->bounce;
    int64_t from = position < 0 ? (int64_t)file->offset : position, end = 0, moved;
    if (out)
        moved = tree_write(file->node, file->appending ? -1 : from, bounce, size, &end);
    else
        moved = tree_read(file->node, from, bounce, size);
    if (moved > 0 && position < 0)
        file->offset = (uint64_t)(out ? end : from + moved);
    return moved;
}

/* A directory can be sought to where it was before, or to its beginning. */
static int64_t seek_directory(struct open_file *file, int64_t distance, int whence)
{
    if (whence == SEEK_CUR && distance == 0)
        return (int64_t)file->offset;
    if (whence != SEEK_SET || distance < 0)
        return -EINVAL;
    file->offset = (uint64_t)distance;
    return distance;
}

/* All of a file is data, and the hole begins at its end. */
int64_t node_seek(struct open_file *file, int64_t distance, int whence)
{
    if (file->kind == FILE_DIRECTORY)
        return seek_directory(file, distance, whence);
    int64_t size = tree_size(file->node), base = 0, position;
    if ((whence == SEEK_DATA || whence == SEEK_HOLE) && (distance < 0 || distance >= size))
        return -ENXIO;
    if (whence == SEEK_HOLE)
        distance = size;
    else if (whence == SEEK_CUR)
        base = (int64_t)file->offset;
    else if (whence == SEEK_END)
        base = size;
    if (__builtin_add_overflow(base, distance, &position))
        return -EOVERFLOW;
    if (position < 0)
        return -EINVAL;
    file->offset = (uint64_t)position;
    return position;
}

int64_t node_list(struct personality *personality, struct open_file *file, uint64_t guest_buffer, uint32_t size)
{
    uint64_t before = file->offset;
    int64_t length = tree_list(file->node, &file->offset, personality_scratch()->bounce, size);
    if (length <= 0)
        return length;
    int64_t error = argument_store(personality, guest_buffer, personality_scratch()->bounce, (size_t)length);
    if (error)
        file->offset = before; /* what nobody has seen comes again */
    return error ? error : length;
}

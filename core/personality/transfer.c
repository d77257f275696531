/* Moving bytes between a guest's buffers and an open file: the whole read and write family.
 *
 * The host's kernel never sees a guest address.  Bytes go through one bounce buffer, piece by piece: several small
 * guest buffers share a piece, a large one is cut.  A stop request is noticed between pieces.  As POSIX has it, an
 * error after some bytes were moved is reported by the next call.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "descriptors.h"
#include "host_call.h"
#include "nodes.h"
#include "quotas.h"
#include "scratch.h"
#include "streams.h"
#include "vectors.h"

struct transfer {
    struct open_file *file;
    struct vector vector;
    int64_t position; /* in the file; -1: wherever the file stands */
};

/* One host call on the bounce buffer. A description that somebody else made non-blocking still blocks the guest.
 *
 * Waiting is not work: a call that may wait is made without a turn, so that it costs no processor time.  A stream that
 * is ready gives what it has, and takes PIPE_BUF bytes, at once. */
static int64_t move_piece(struct personality *personality, const struct transfer *transfer, bool out, size_t size)
{
    const struct open_file *file = transfer->file;
    if (file->pipe)
        return stream_move(personality, file, out, size);
    if (file->node)
        return node_move(transfer->file, transfer->position, out, size);
    if (file->quota && out)
        return quota_write(file->quota, file, transfer->position, personality_scratch()->bounce, size);
    long bounce = (long)personality_scratch()->bounce;
    struct pollfd ready = {.fd = file->host, .events = out ? POLLOUT : POLLIN};
    long number = transfer->position < 0 ? (out ? SYS_write : SYS_read) : (out ? SYS_pwrite64 : SYS_pread64);
    for (;;) {
        bool is_ready = file->seekable || poll(&ready, 1, 0) != 0;
        if (!is_ready && file->nonblocking && file->kind == FILE_STREAM)
            return -EAGAIN;
        bool may_wait = !is_ready || (out && !file->seekable && size > PIPE_BUF);
        const long arguments[6] = {file->host, bounce, (long)size, transfer->position};
        int64_t moved = (may_wait ? host_wait : host_call)(personality, number, arguments);
        if (moved != -EAGAIN || file->nonblocking)
            return moved;
        int64_t waited = HOST_WAIT(personality, SYS_poll, (long)&ready, 1, -1);
        if (waited < 0)
            return waited;
    }
}

/* How many more bytes the limits let through here; 0 never. */
static int64_t room_to_write(struct personality *personality, const struct transfer *transfer)
{
    if (transfer->file->kind == FILE_STREAM) {
        uint64_t written = atomic_load_explicit(&personality->output_bytes, memory_order_relaxed);
        if (written < personality->output_limit) {
            uint64_t room = personality->output_limit - written;
            return room < BOUNCE_CAPACITY ? (int64_t)room : BOUNCE_CAPACITY;
        }
        process_stop(personality->process, MOTTE_STOP_OUTPUT_LIMIT, 0);
        return -EINTR;
    }
    if (transfer->file->node)
        return BOUNCE_CAPACITY; /* the tree has limits of its own */
    if (personality->file_bytes >= FILE_BYTES_LIMIT)
        return -ENOSPC;
    int64_t position = transfer->position;
    if (transfer->file->appending || position < 0)
        position = lseek(transfer->file->host, 0, transfer->file->appending ? SEEK_END : SEEK_CUR);
    if (position < 0)
        return -errno;
    return position < FILE_SIZE_LIMIT ? FILE_SIZE_LIMIT - position : -EFBIG;
}

static void count_written(struct personality *personality, const struct open_file *file, uint64_t size)
{
    if (file->kind == FILE_STREAM)
        atomic_fetch_add_explicit(&personality->output_bytes, size, memory_order_relaxed);
    else if (!file->node)
        personality->file_bytes += size;
}

/* A call that waited goes on where it was. */
static int64_t resume(struct personality *personality, struct transfer *transfer)
{
    uint64_t moved = personality->moved < transfer->vector.remaining ? personality->moved : transfer->vector.remaining;
    personality->moved = 0;
    vector_advance(&transfer->vector, moved);
    return (int64_t)moved;
}

static int64_t write_out(struct personality *personality, struct transfer *transfer)
{
    int64_t total = resume(personality, transfer), result = 0;
    while (transfer->vector.remaining && !process_stop_requested(personality->process)) {
        int64_t room = room_to_write(personality, transfer);
        if (room < 0) {
            result = room;
            break;
        }
        uint64_t piece = transfer->vector.remaining < BOUNCE_CAPACITY ? transfer->vector.remaining : BOUNCE_CAPACITY;
        piece = piece < (uint64_t)room ? piece : (uint64_t)room;
        size_t gathered = vector_gather(personality, transfer->vector, piece);
        result = gathered ? move_piece(personality, transfer, true, gathered) : -EFAULT;
        if (result == CALL_WAITS)
            personality->moved = (uint64_t)total;
        if (result == CALL_WAITS)
            return result;
        if (result < 0)
            break;
        count_written(personality, transfer->file, (uint64_t)result);
        vector_advance(&transfer->vector, (uint64_t)result);
        total += result;
        if (transfer->position >= 0)
            transfer->position += result;
    }
    return total ? total : result;
}

static int64_t read_in(struct personality *personality, struct transfer *transfer)
{
    int64_t total = 0, result = 0;
    while (transfer->vector.remaining && !process_stop_requested(personality->process)) {
        uint64_t piece = transfer->vector.remaining < BOUNCE_CAPACITY ? transfer->vector.remaining : BOUNCE_CAPACITY;
        result = vector_prepare(personality, transfer->vector, piece)
                   ? move_piece(personality, transfer, false, piece)
                   : -EFAULT;
        if (result <= 0)
            break;
        size_t scattered = vector_scatter(personality, transfer->vector, (size_t)result);
        vector_advance(&transfer->vector, scattered);
        total += (int64_t)scattered;
        if (scattered < (size_t)result) {
            result = -EFAULT;
            break;
        }
        if (transfer->position >= 0)
            transfer->position += result;
        /* What is there is delivered: the next piece of a pipe or a terminal might not come for long. */
        if ((uint64_t)result < piece || !transfer->file->seekable)
            break;
    }
    return total ? total : result;
}

enum direction { READING, WRITING };
enum position { WHERE_IT_STANDS, AT_POSITION };
enum shape { ONE_BUFFER, MANY_BUFFERS };

/* arguments: descriptor, buffer, size [, position]; or descriptor, buffers, count [, position] */
static int64_t decode_and_move(struct personality *personality, const uint64_t arguments[6], enum direction direction,
                               enum position place, enum shape shape)
{
    int64_t position = place == AT_POSITION ? (int64_t)arguments[3] : -1;
    if (place == AT_POSITION && position < 0)
        return -EINVAL;
    struct open_file *file = descriptor_file(personality, argument_int(arguments[0]));
    if (file && file->kind == FILE_DIRECTORY)
        return direction == READING ? -EISDIR : -EBADF;
    if (!file || !(direction == READING ? file->readable : file->writable))
        return -EBADF;
    if (place == AT_POSITION && (!file->seekable || (direction == WRITING && file->kind == FILE_STREAM)))
        return -ESPIPE;
    struct transfer transfer = {.file = file, .position = position};
    int64_t error = shape == ONE_BUFFER
                        ? vector_of_one(arguments[1], arguments[2], &transfer.vector)
                        : vector_fetch(personality, arguments[1], argument_int(arguments[2]), &transfer.vector);
    if (error)
        return error;
    return direction == READING ? read_in(personality, &transfer) : write_out(personality, &transfer);
}

int64_t call_read(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, READING, WHERE_IT_STANDS, ONE_BUFFER);
}

int64_t call_write(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, WRITING, WHERE_IT_STANDS, ONE_BUFFER);
}

int64_t call_pread64(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, READING, AT_POSITION, ONE_BUFFER);
}

int64_t call_pwrite64(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, WRITING, AT_POSITION, ONE_BUFFER);
}

int64_t call_readv(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, READING, WHERE_IT_STANDS, MANY_BUFFERS);
}

int64_t call_writev(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, WRITING, WHERE_IT_STANDS, MANY_BUFFERS);
}

int64_t call_preadv(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, READING, AT_POSITION, MANY_BUFFERS);
}

int64_t call_pwritev(struct personality *personality, const uint64_t arguments[6])
{
    return decode_and_move(personality, arguments, WRITING, AT_POSITION, MANY_BUFFERS);
}

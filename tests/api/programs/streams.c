/* A guest that does with its streams what its arguments say, one after the other. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <unistd.h>

static char block[1 << 20];

static void write_all(int descriptor, const char *from, size_t size)
{
    while (size) {
        ssize_t written = write(descriptor, from, size);
        if (written < 0) {
            fprintf(stderr, "write: %d\n", errno);
            exit(10);
        }
        from += written;
        size -= (size_t)written;
    }
}

static void copy(void)
{
    for (ssize_t size; (size = read(0, block, sizeof block)) > 0;)
        write_all(1, block, (size_t)size);
}

/* One write of so many bytes: how many it took. */
static void write_once(size_t size)
{
    for (size_t i = 0; i < size; i++)
        block[i] = (char)('a' + i % 26);
    ssize_t written = write(1, block, size);
    fprintf(stderr, "%ld\n", written < 0 ? -(long)errno : (long)written);
}

static void write_vector(void)
{
    struct iovec pieces[3] = {{"one,", 4}, {block, 200000}, {"three", 5}};
    memset(block, '.', 200000);
    fprintf(stderr, "%ld\n", (long)writev(1, pieces, 3));
}

static void fill_without_waiting(void)
{
    long total = 0;
    fcntl(1, F_SETFL, O_NONBLOCK);
    for (ssize_t written; (written = write(1, block, 1000)) > 0;)
        total += written;
    fprintf(stderr, "%ld %d\n", total, errno == EAGAIN);
    fcntl(1, F_SETFL, 0);
}

static void tell_events(int timeout)
{
    struct pollfd list[3] = {{0, POLLIN, 0}, {1, POLLOUT, 0}, {99, POLLIN, 0}};
    int ready = poll(list, timeout < -1 ? 3 : 2, timeout);
    fprintf(stderr, "%d %d %d\n", ready, list[0].revents, list[1].revents);
}

static void select_input(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(0, &set);
    fprintf(stderr, "%d %d\n", select(1, &set, NULL, NULL, NULL), FD_ISSET(0, &set) != 0);
}

static void tell_status(void)
{
    struct stat status;
    int failed = fstat(0, &status);
    fprintf(stderr, "%d %d %ld\n", failed, S_ISFIFO(status.st_mode) != 0, (long)lseek(0, 0, SEEK_CUR));
}

int main(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        if (!strcmp(word, "copy"))
            copy();
        else if (!strcmp(word, "out"))
            write_once((size_t)atol(words[++i]));
        else if (!strcmp(word, "vector"))
            write_vector();
        else if (!strcmp(word, "fill"))
            fill_without_waiting();
        else if (!strcmp(word, "poll"))
            tell_events(atoi(words[++i]));
        else if (!strcmp(word, "select"))
            select_input();
        else if (!strcmp(word, "status"))
            tell_status();
        else if (!strcmp(word, "close"))
            close(atoi(words[++i]));
        else if (!strcmp(word, "say"))
            write_all(1, words[i + 1], strlen(words[i + 1])), i++;
        else if (!strcmp(word, "complain"))
            write_all(2, words[i + 1], strlen(words[i + 1])), i++;
        else if (!strcmp(word, "forever"))
            for (;;)
                write_all(1, block, sizeof block);
        else if (!strcmp(word, "trap"))
            __builtin_trap();
    }
    return 0;
}

/* chdir and getcwd: the working directory is a text in the guest's tree, not a directory that is held.
 *
 * Where no symbolic link was followed, the text is kept normal.  Otherwise it is kept as the guest wrote it, because
 * taking `..` off such a text would change its meaning; it still leads to the same directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "host_call.h"
#include "host_memory.h"
#include "nodes.h"
#include "paths.h"
#include "scratch.h"
#include "working_directory.h"

/* Takes ".", ".." and doubled slashes out of an absolute path, in place; "" is the root. */
static void normalise(char *path)
{
    char *end = path;
    for (const char *next = path; *next;) {
        next += strspn(next, "/");
        size_t length = strcspn(next, "/");
        if (length == 2 && next[0] == '.' && next[1] == '.') {
            char *slash = memrchr(path, '/', (size_t)(end - path));
            end = slash ? slash : path;
        } else if (length && !(length == 1 && next[0] == '.')) {
            *end++ = '/';
            memmove(end, next, length);
            end += length;
        }
        next += length;
    }
    *end = '\0';
}

void working_directory_forget(struct personality *personality)
{
    char *text = personality->working_directory;
    if (text)
        host_memory_free(personality->process, text, strlen(text) + 1);
}

static bool set_working_directory(struct personality *personality, const char *absolute, bool exact)
{
    size_t size = strlen(absolute) + 1;
    char *text = host_memory_allocate(personality->process, size);
    if (!text)
        return false;
    working_directory_forget(personality);
    personality->working_directory = memcpy(text, absolute, size);
    personality->working_directory_exact = exact;
    return true;
}

int64_t call_chdir(struct personality *personality, const uint64_t arguments[6])
{
    struct place place;
    int64_t error = place_find(personality, FIRST_PATH, AT_FDCWD, arguments[0], &place);
    if (error)
        return error;
    bool exact = true;
    char *absolute = personality_scratch()->path_texts[FIRST_PATH].absolute;
    if (place.tree) {
        struct stat status;
        error = node_status(&place, &status);
        if (error || !S_ISDIR(status.st_mode))
            return error ? error : -ENOTDIR;
    } else if (place.directory >= 0) {
        int64_t handle = place_open(personality, &place, O_PATH | O_DIRECTORY, 0);
        if (handle < 0)
            return handle;
        error = HOST_CALL(personality, SYS_faccessat2, handle, (long)"", X_OK, AT_EMPTY_PATH | AT_EACCESS);
        close((int)handle);
        if (error)
            return error;
        exact = place_is_exact(personality, &place);
    }
    if (exact)
        normalise(absolute);
    if (strlen(absolute) >= PATH_CAPACITY)
        return -ENAMETOOLONG;
    return set_working_directory(personality, absolute, exact) ? 0 : -ENOMEM;
}

int64_t call_getcwd(struct personality *personality, const uint64_t arguments[6])
{
    const char *text = personality->working_directory;
    text = text && *text ? text : "/";
    size_t size = strlen(text) + 1;
    if (arguments[1] < size)
        return -ERANGE;
    int64_t error = argument_store(personality, arguments[0], text, size);
    return error ? error : (int64_t)size;
}

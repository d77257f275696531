/* A guest that does with files what a seed says, below the directory it is in, and prints every answer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long long state;
static char content[20000];
static int files[4] = {-1, -1, -1, -1};

static unsigned next(unsigned below)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % below;
}

static const char *path(void)
{
    static char paths[2][64];
    static int which;
    char *at = paths[which ^= 1];
    *at = '\0';
    for (unsigned depth = 1 + next(3); depth; depth--) {
        strcat(at, (const char *const[]){"a", "b", "c", ".", ".."}[next(5)]);
        strcat(at, depth > 1 || !next(6) ? "/" : "");
    }
    return at;
}

static void show(const char *what, long result)
{
    printf("%s %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
}

static void show_sum(const char *what, long length)
{
    unsigned sum = 0;
    for (long i = 0; i < length; i++)
        sum = sum * 31 + (unsigned char)content[i];
    show(what, length);
    printf("%u\n", sum);
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static void list(const char *name)
{
    char *found[64];
    int count = 0;
    DIR *directory = opendir(name);
    if (!directory) {
        show("list", -1);
        return;
    }
    for (struct dirent *entry; count < 64 && (entry = readdir(directory));)
        found[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(found, (size_t)count, sizeof *found, by_name);
    for (int i = 0; i < count; i++) {
        printf("%s ", found[i]);
        free(found[i]);
    }
    printf("\n");
}

static void show_status(const char *name)
{
    struct stat status;
    int result = stat(name, &status);
    show("stat", result);
    if (result == 0)
        printf("%o %ld\n", status.st_mode, S_ISREG(status.st_mode) ? (long)status.st_size : 0);
}

static void open_one(int *file)
{
    static const int flags[] = {O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_TRUNC,
                                O_WRONLY | O_CREAT | O_APPEND, O_RDONLY};
    if (*file >= 0)
        close(*file);
    *file = open(path(), flags[next(6)], 0644);
    show("open", *file < 0 ? -1 : 0);
}

/* Where a directory can be sought to is its file system's own affair. */
static void seek(int file, long distance, int whence)
{
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        show("seek", lseek(file, distance, whence));
}

static void step(void)
{
    int *file = &files[next(4)];
    size_t size = next(4) ? next(300) : next(sizeof content);
    for (size_t i = 0; i < size; i++)
        content[i] = (char)next(256);
    switch (next(13)) {
    case 0: case 1: open_one(file); break;
    case 2: show("write", write(*file, content, size)); break;
    case 3: show("pwrite", pwrite(*file, content, size, next(9000))); break;
    case 4: show_sum("read", read(*file, content, size)); break;
    case 5: show_sum("pread", pread(*file, content, size, next(9000))); break;
    case 6: seek(*file, next(9000), (int)next(3)); break;
    case 7: show("ftruncate", ftruncate(*file, next(20000))); break;
    case 8: show("mkdir", mkdir(path(), 0755)); break;
    case 9: show("unlink", next(2) ? unlink(path()) : rmdir(path())); break;
    case 10: show("rename", rename(path(), path())); break;
    case 11: show_status(path()); break;
    default: list(path());
    }
}

int main(int count, char **words)
{
    state = count > 1 ? strtoull(words[1], NULL, 10) : 0;
    show("chdir", chdir("/desk"));
    for (int i = 0; i < 400; i++)
        step();
    return 0;
}

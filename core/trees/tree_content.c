/* What files hold, what directories hold, and what is told of both. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tree_internal.h"

enum { PAGE = 4096, FIRST_PAGES = 4 };

/* --- pages ------------------------------------------------------------------------------------------------------------ */

void tree_drop_pages(struct tree_node *node, uint64_t from_page)
{
    for (uint64_t i = from_page; i < node->page_room; i++) {
        if (!node->pages[i])
            continue;
        free(node->pages[i]);
        node->pages[i] = NULL;
        node->page_count--;
        tree_refund(node->tree, PAGE);
    }
}

/* Makes the table of pages reach beyond `page`. */
static bool make_room(struct tree_node *node, uint64_t page)
{
    uint64_t room = node->page_room ? node->page_room : FIRST_PAGES;
    while (room <= page)
        room *= 2;
    if (room == node->page_room)
        return true;
    uint64_t more = (room - node->page_room) * sizeof *node->pages;
    if (!tree_charge(node->tree, more))
        return false;
    unsigned char **pages = realloc(node->pages, room * sizeof *pages);
    if (!pages) {
        tree_refund(node->tree, more);
        return false;
    }
    memset(pages + node->page_room, 0, more);
    node->pages = pages;
    node->page_room = room;
    return true;
}

/* The page, to be written to; NULL: nobody pays for it. */
static unsigned char *page_to_write(struct tree_node *node, uint64_t page)
{
    if (!make_room(node, page))
        return NULL;
    if (node->pages[page])
        return node->pages[page];
    if (!tree_charge(node->tree, PAGE))
        return NULL;
    node->pages[page] = calloc(1, PAGE);
    if (!node->pages[page])
        tree_refund(node->tree, PAGE);
    node->page_count += node->pages[page] != NULL;
    return node->pages[page];
}

static size_t piece_of(int64_t position, size_t size)
{
    size_t room = PAGE - (size_t)(position % PAGE);
    return size < room ? size : room;
}

/* --- time ------------------------------------------------------------------------------------------------------------- */

static struct timespec now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return time;
}

void tree_touch(struct tree_node *node)
{
    node->modified = node->changed = now();
}

void tree_set_times(struct tree_node *node, const struct timespec times[2])
{
    struct timespec *own[2] = {&node->accessed, &node->modified};
    pthread_mutex_lock(&node->tree->lock);
    for (int i = 0; i < 2; i++)
        if (times[i].tv_nsec == UTIME_NOW)
            *own[i] = now();
        else if (times[i].tv_nsec != UTIME_OMIT)
            *own[i] = times[i];
    node->changed = now();
    pthread_mutex_unlock(&node->tree->lock);
}

void tree_set_mode(struct tree_node *node, mode_t mode)
{
    pthread_mutex_lock(&node->tree->lock);
    node->mode = (node->mode & S_IFMT) | (mode & 0777);
    node->changed = now();
    pthread_mutex_unlock(&node->tree->lock);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

int64_t tree_read(struct tree_node *node, int64_t position, void *to, size_t size)
{
    size_t done = 0;
    pthread_mutex_lock(&node->tree->lock);
    int64_t left = node->size - position;
    if (left <= 0)
        size = 0;
    else if ((uint64_t)left < size)
        size = (size_t)left;
    while (done < size) {
        uint64_t page = (uint64_t)position / PAGE;
        size_t piece = piece_of(position, size - done);
        const unsigned char *from = page < node->page_room ? node->pages[page] : NULL;
        if (from)
            memcpy((char *)to + done, from + position % PAGE, piece);
        else
            memset((char *)to + done, 0, piece);
        done += piece;
        position += (int64_t)piece;
    }
    if (done)
        node->accessed = now();
    pthread_mutex_unlock(&node->tree->lock);
    return (int64_t)done;
}

static size_t write_pieces(struct tree_node *node, int64_t position, const char *from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = piece_of(position, size - done);
        unsigned char *to = page_to_write(node, (uint64_t)position / PAGE);
        if (!to)
            break;
        memcpy(to + position % PAGE, from + done, piece);
        done += piece;
        position += (int64_t)piece;
    }
    return done;
}

int64_t tree_write(struct tree_node *node, int64_t position, const void *from, size_t size, int64_t *end)
{
    pthread_mutex_lock(&node->tree->lock);
    if (position < 0)
        position = node->size;
    int64_t room = TREE_FILE_SIZE - position, result = 0;
    if (size && room <= 0)
        result = -EFBIG;
    if (room > 0 && size > (uint64_t)room)
        size = (size_t)room;
    size_t done = result ? 0 : write_pieces(node, position, from, size);
    *end = position + (int64_t)done;
    if (done && *end > node->size)
        node->size = *end;
    if (done)
        tree_touch(node);
    if (!result)
        result = size && !done ? -ENOSPC : (int64_t)done;
    pthread_mutex_unlock(&node->tree->lock);
    return result;
}

/* What lies beyond the new end is gone: a file that grows again has zeros there. */
int64_t tree_resize(struct tree_node *node, int64_t size)
{
    if (size > TREE_FILE_SIZE)
        return -EFBIG;
    uint64_t kept = ((uint64_t)size + PAGE - 1) / PAGE;
    if (size < node->size) {
        tree_drop_pages(node, kept);
        if (size % PAGE && kept <= node->page_room && node->pages[kept - 1])
            memset(node->pages[kept - 1] + size % PAGE, 0, PAGE - (size_t)(size % PAGE));
    }
    node->size = size;
    tree_touch(node);
    return 0;
}

int64_t tree_truncate(struct tree_node *node, int64_t size)
{
    pthread_mutex_lock(&node->tree->lock);
    int64_t result = tree_resize(node, size);
    pthread_mutex_unlock(&node->tree->lock);
    return result;
}

int64_t tree_size(struct tree_node *node)
{
    pthread_mutex_lock(&node->tree->lock);
    int64_t size = node->size;
    pthread_mutex_unlock(&node->tree->lock);
    return size;
}

/* A directory has a name, a `.`, and the `..` of each directory in it. */
void tree_status(struct tree_node *node, struct stat *status)
{
    pthread_mutex_lock(&node->tree->lock);
    *status = (struct stat){
        .st_ino = node->inode,
        .st_mode = node->mode,
        .st_nlink = !node->is_named ? 0 : node->is_directory ? 2 + node->directories : 1,
        .st_size = node->size,
        .st_blksize = PAGE,
        .st_blocks = (blkcnt_t)(node->page_count * (PAGE / 512)),
        .st_atim = node->accessed,
        .st_mtim = node->modified,
        .st_ctim = node->changed,
    };
    pthread_mutex_unlock(&node->tree->lock);
}

int64_t tree_lock_file(struct tree_node *node)
{
    pthread_mutex_lock(&node->tree->lock);
    if (node->lock_file < 0)
        node->lock_file = memfd_create("motte-lock", MFD_CLOEXEC);
    int64_t result = node->lock_file < 0 ? -ENOLCK : node->lock_file;
    pthread_mutex_unlock(&node->tree->lock);
    return result;
}

/* --- directories ------------------------------------------------------------------------------------------------------ */

struct entry {
    uint64_t inode;
    uint64_t next; /* where the one behind it is looked for */
    uint16_t length;
    uint8_t type;
    char name[];
} __attribute__((packed));

/* What getdents64 fills. */
struct listing {
    char *to;
    size_t size, done;
    uint64_t *offset;
    bool is_full;
};

/* The next entry, unless it was told of before; `next` is where the one behind it is. */
static void put(struct listing *listing, const struct tree_node *node, const char *name, uint64_t next)
{
    enum { TYPE_DIRECTORY = 4, TYPE_FILE = 8 }; /* DT_DIR, DT_REG */
    size_t name_size = strlen(name) + 1, length = (sizeof(struct entry) + name_size + 7) / 8 * 8;
    if (next <= *listing->offset || listing->is_full)
        return;
    listing->is_full = length > listing->size - listing->done;
    if (listing->is_full)
        return;
    struct entry *entry = (struct entry *)(listing->to + listing->done);
    memset(entry, 0, length);
    entry->inode = node->inode;
    entry->next = next;
    entry->length = (uint16_t)length;
    entry->type = node->is_directory ? TYPE_DIRECTORY : TYPE_FILE;
    memcpy(entry->name, name, name_size);
    listing->done += length;
    *listing->offset = next;
}

/* Places 0 and 1 are `.` and `..`; an entry's is 2 + its order, which never changes while it has its name. */
int64_t tree_list(struct tree_node *directory, uint64_t *offset, void *to, size_t size)
{
    enum { DOT_DOT = 1, FIRST = 2 };
    struct listing listing = {.to = to, .size = size, .offset = offset};
    pthread_mutex_lock(&directory->tree->lock);
    if (directory->is_named) {
        put(&listing, directory, ".", DOT_DOT);
        put(&listing, directory->parent ? directory->parent : directory, "..", FIRST);
    }
    for (const struct tree_node *node = directory->first; node && !listing.is_full; node = node->next)
        put(&listing, node, node->name, node->order + FIRST + 1);
    pthread_mutex_unlock(&directory->tree->lock);
    return !listing.done && listing.is_full ? -EINVAL : (int64_t)listing.done;
}

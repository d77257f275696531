/* Paths in a tree, and what is done to names.
 *
 * There are no symbolic links, and the whole of an operation is under the tree's lock: nothing can be exchanged between the
 * look and the act.  `..` goes to the parent, but never above where a path begins: what a guest reached by a directory that it
 * holds, or by a grant, is below that.
 */
#include <errno.h>
#include <string.h>

#include "tree_internal.h"

static bool is_dot(const char *name, size_t length)
{
    return length == 1 && name[0] == '.';
}

static bool is_dot_dot(const char *name, size_t length)
{
    return length == 2 && name[0] == '.' && name[1] == '.';
}

/* One step from `node`, which is a directory. */
static int64_t step(const struct tree *tree, const struct tree_node *base, const char *name, size_t length,
                    struct tree_node **node)
{
    if (length > TREE_NAME)
        return -ENAMETOOLONG;
    if (is_dot(name, length))
        return 0;
    if (is_dot_dot(name, length)) {
        if (*node == base || !(*node)->parent)
            return -ENOENT;
        *node = (*node)->parent;
        return 0;
    }
    *node = tree_lookup(tree, *node, name, length);
    return *node ? 0 : -ENOENT;
}

/* Walks along `path` up to `end`; everything that it passes, and what a slash follows, has to be a directory. */
static int64_t walk(const struct tree *tree, const struct tree_node *base, const char *path, const char *end,
                    struct tree_node **node)
{
    while (path < end) {
        if (!(*node)->is_directory)
            return -ENOTDIR;
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (path >= end || !length)
            break;
        int64_t error = step(tree, base, path, length, node);
        if (error)
            return error;
        path += length;
    }
    return 0;
}

int64_t tree_walk(struct tree *tree, struct tree_node *base, const char *path, struct tree_node **found)
{
    *found = base;
    return walk(tree, base, path, path + strlen(path), found);
}

int64_t tree_walk_to_entry(struct tree *tree, struct tree_node *base, const char *path, struct tree_entry *entry)
{
    const char *end = path + strlen(path);
    entry->must_be_directory = end > path && end[-1] == '/';
    while (end > path && end[-1] == '/')
        end--;
    const char *name = end;
    while (name > path && name[-1] != '/')
        name--;
    entry->name = name;
    entry->length = (size_t)(end - name);
    entry->parent = base;
    int64_t error = walk(tree, base, path, name, &entry->parent);
    if (!error && !entry->parent->is_directory)
        error = -ENOTDIR;
    entry->is_dot = !entry->length || is_dot(name, entry->length) || is_dot_dot(name, entry->length);
    return error;
}

/* --- looking and opening ---------------------------------------------------------------------------------------------- */

static struct tree_node *begin(struct tree *tree, struct tree_node *base)
{
    pthread_mutex_lock(&tree->lock);
    return base ? base : tree->root;
}

static int64_t end(struct tree *tree, int64_t result)
{
    pthread_mutex_unlock(&tree->lock);
    return result;
}

/* The caller's from now on. */
static void refer(struct tree_node *node)
{
    node->references++;
    tree_retain(node->tree);
}

int64_t tree_find(struct tree *tree, struct tree_node *base, const char *path, struct tree_node **found)
{
    base = begin(tree, base);
    int64_t error = tree_walk(tree, base, path, found);
    if (!error)
        refer(*found);
    return end(tree, error);
}

static int64_t open_existing(struct tree_node *node, const struct tree_open *request)
{
    if (request->creates && request->exclusive)
        return -EEXIST;
    if (request->directory && !node->is_directory)
        return -ENOTDIR;
    if (node->is_directory && (request->writes || request->creates))
        return -EISDIR;
    if (request->writes && !request->writable)
        return -EROFS;
    return request->truncates ? tree_resize(node, 0) : 0;
}

static int64_t create(struct tree *tree, struct tree_node *base, const char *path, const struct tree_open *request,
                      struct tree_node **opened)
{
    struct tree_entry entry;
    int64_t error = request->writable ? tree_walk_to_entry(tree, base, path, &entry) : -EROFS;
    if (!error && entry.is_dot)
        error = -ENOENT; /* above the base: else it would have been found */
    if (!error && entry.must_be_directory)
        error = -EISDIR;
    if (!error && !entry.parent->is_named)
        error = -ENOENT;
    return error ? error : tree_add(&entry, false, S_IFREG | request->mode, opened);
}

/* What is found out before it is known whether there is such a name already. */
static int64_t check_new(struct tree *tree, struct tree_node *base, const char *path, const struct tree_open *request)
{
    struct tree_entry entry;
    int64_t error = request->writable ? tree_walk_to_entry(tree, base, path, &entry) : -EROFS;
    return !error && entry.must_be_directory && !entry.is_dot ? -EISDIR : error;
}

int64_t tree_open(struct tree *tree, struct tree_node *base, const char *path, const struct tree_open *request,
                  struct tree_node **opened)
{
    base = begin(tree, base);
    int64_t error = request->creates && request->exclusive ? check_new(tree, base, path, request) : 0;
    if (!error)
        error = tree_walk(tree, base, path, opened);
    if (!error)
        error = open_existing(*opened, request);
    else if (error == -ENOENT && request->creates)
        error = create(tree, base, path, request, opened);
    if (!error)
        refer(*opened);
    return end(tree, error);
}

/* --- changing names --------------------------------------------------------------------------------------------------- */

/* The entry that a path names, in a directory that may be changed. */
static int64_t find_entry(struct tree *tree, struct tree_node *base, const char *path, int64_t dot_error, bool writable,
                          struct tree_entry *entry)
{
    int64_t error = tree_walk_to_entry(tree, base, path, entry);
    if (!error && entry->is_dot)
        error = dot_error;
    return !error && !writable ? -EROFS : error;
}

/* What has this name; NULL: nothing yet. */
static int64_t look_up(const struct tree *tree, const struct tree_entry *entry, struct tree_node **node)
{
    if (entry->length > TREE_NAME)
        return -ENAMETOOLONG;
    *node = tree_lookup(tree, entry->parent, entry->name, entry->length);
    return 0;
}

int64_t tree_make_directory(struct tree *tree, struct tree_node *base, const char *path, mode_t mode, bool writable)
{
    struct tree_entry entry;
    struct tree_node *added = NULL;
    int64_t error = find_entry(tree, begin(tree, base), path, -EEXIST, writable, &entry);
    if (!error)
        error = look_up(tree, &entry, &added);
    if (!error && added)
        error = -EEXIST;
    if (!error && !entry.parent->is_named)
        error = -ENOENT;
    return end(tree, error ? error : tree_add(&entry, true, S_IFDIR | mode, &added));
}

int64_t tree_remove(struct tree *tree, struct tree_node *base, const char *path, bool directory, bool writable)
{
    struct tree_entry entry;
    struct tree_node *node = NULL;
    int64_t error = find_entry(tree, begin(tree, base), path, directory ? -EINVAL : -EISDIR, writable, &entry);
    if (!error)
        error = look_up(tree, &entry, &node);
    if (!error && !node)
        error = -ENOENT;
    else if (!error && !node->is_directory && (directory || entry.must_be_directory))
        error = -ENOTDIR;
    else if (!error && node->is_directory && !directory)
        error = -EISDIR;
    else if (!error && node->first)
        error = -ENOTEMPTY;
    if (!error)
        tree_unname(node);
    return end(tree, error);
}

static bool is_below(const struct tree_node *node, const struct tree_node *ancestor)
{
    while (node && node != ancestor)
        node = node->parent;
    return node == ancestor;
}

/* As Linux has it, in its order. */
static int64_t check_rename(const struct tree_entry *from, const struct tree_entry *to, const struct tree_node *moved,
                            const struct tree_node *replaced, bool may_replace)
{
    if (replaced && !may_replace)
        return -EEXIST;
    if (is_below(to->parent, moved))
        return -EINVAL;
    if (replaced && is_below(from->parent, replaced))
        return -ENOTEMPTY;
    if (!to->parent->is_named)
        return -ENOENT;
    if (!replaced || replaced == moved)
        return 0;
    if (moved->is_directory != replaced->is_directory)
        return moved->is_directory ? -ENOTDIR : -EISDIR;
    return replaced->first ? -ENOTEMPTY : 0;
}

int64_t tree_check_name(struct tree *tree, struct tree_place place)
{
    struct tree_entry entry;
    return end(tree, find_entry(tree, begin(tree, place.base), place.path, -EBUSY, place.writable, &entry));
}

int64_t tree_rename(struct tree *tree, struct tree_place from, struct tree_place to, bool may_replace)
{
    struct tree_entry source, target;
    struct tree_node *root = begin(tree, NULL), *moved = NULL, *replaced = NULL;
    int64_t error = find_entry(tree, from.base ? from.base : root, from.path, -EBUSY, from.writable, &source);
    if (!error)
        error = find_entry(tree, to.base ? to.base : root, to.path, -EBUSY, to.writable, &target);
    if (!error)
        error = look_up(tree, &source, &moved);
    if (!error && !moved)
        error = -ENOENT;
    if (!error && !moved->is_directory && (source.must_be_directory || target.must_be_directory))
        error = -ENOTDIR;
    if (!error)
        error = look_up(tree, &target, &replaced);
    if (!error)
        error = check_rename(&source, &target, moved, replaced, may_replace);
    if (error || replaced == moved)
        return end(tree, error);
    error = tree_move(moved, target.parent, target.name, target.length);
    if (!error && replaced)
        tree_unname(replaced);
    return end(tree, error);
}

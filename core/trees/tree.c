/* The life of trees and nodes, and what they cost. */
#include "tree.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bank.h"
#include "keyed_hash.h"
#include "panic.h"
#include "tree_internal.h"

enum { FIRST_BUCKETS = 16, ALLOCATOR = 16 }; /* bytes that the host's allocator takes besides */

/* --- charges ---------------------------------------------------------------------------------------------------------- */

bool tree_charge(struct tree *tree, uint64_t bytes)
{
    if (bytes > tree->limit - tree->used || (tree->bank && !bank_charge_bytes(tree->bank, bytes, NULL)))
        return false;
    tree->used += bytes;
    return true;
}

void tree_refund(struct tree *tree, uint64_t bytes)
{
    tree->used -= bytes;
    if (tree->bank)
        bank_refund_bytes(tree->bank, bytes);
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

/* Guests choose names: so that they cannot choose such as all lie in one bucket, the tree has a key that they do not know. */
static uint64_t hash_of(const struct tree *tree, const struct tree_node *parent, const char *name, size_t length)
{
    return keyed_hash(tree->key, parent->inode, name, length);
}

static struct tree_node **bucket_of(const struct tree *tree, const struct tree_node *parent, const char *name,
                                    size_t length)
{
    return &tree->buckets[hash_of(tree, parent, name, length) & (tree->bucket_count - 1)];
}

struct tree_node *tree_lookup(const struct tree *tree, const struct tree_node *parent, const char *name, size_t length)
{
    struct tree_node *node = *bucket_of(tree, parent, name, length);
    while (node
           && (node->parent != parent || node->name_length != length || memcmp(node->name, name, length) != 0))
        node = node->next_in_bucket;
    return node;
}

static void enter_bucket(struct tree *tree, struct tree_node *node)
{
    struct tree_node **bucket = bucket_of(tree, node->parent, node->name, node->name_length);
    node->next_in_bucket = *bucket;
    *bucket = node;
}

static void leave_bucket(struct tree *tree, struct tree_node *node)
{
    struct tree_node **link = bucket_of(tree, node->parent, node->name, node->name_length);
    while (*link != node)
        link = &(*link)->next_in_bucket;
    *link = node->next_in_bucket;
}

/* Twice as many buckets where there are more nodes than buckets; without memory it only gets slower. */
static void widen(struct tree *tree)
{
    uint32_t count = tree->bucket_count * 2, before = tree->bucket_count;
    struct tree_node **old = tree->buckets;
    if (tree->node_count < before || !tree_charge(tree, before * sizeof *old))
        return;
    struct tree_node **buckets = calloc(count, sizeof *buckets);
    if (!buckets) {
        tree_refund(tree, before * sizeof *old);
        return;
    }
    tree->buckets = buckets;
    tree->bucket_count = count;
    for (uint32_t i = 0; i < before; i++)
        while (old[i]) {
            struct tree_node *node = old[i];
            old[i] = node->next_in_bucket;
            enter_bucket(tree, node);
        }
    free(old);
}

static void enter_parent(struct tree_node *node, struct tree_node *parent)
{
    node->parent = parent;
    node->order = parent->next_order++;
    node->next = NULL;
    node->previous = parent->last;
    *(parent->last ? &parent->last->next : &parent->first) = node;
    parent->last = node;
    parent->directories += node->is_directory;
    enter_bucket(node->tree, node);
    tree_touch(parent);
}

static void leave_parent(struct tree_node *node)
{
    struct tree_node *parent = node->parent;
    leave_bucket(node->tree, node);
    *(node->previous ? &node->previous->next : &parent->first) = node->next;
    *(node->next ? &node->next->previous : &parent->last) = node->previous;
    parent->directories -= node->is_directory;
    tree_touch(parent);
}

/* --- nodes ------------------------------------------------------------------------------------------------------------ */

static uint64_t cost_of(size_t name_length)
{
    return sizeof(struct tree_node) + name_length + UINT64_C(2) * ALLOCATOR;
}

static struct tree_node *make(struct tree *tree, const char *name, size_t length, bool is_directory, mode_t mode)
{
    if (tree->node_count == tree->node_limit || !tree_charge(tree, cost_of(length)))
        return NULL;
    struct tree_node *node = calloc(1, sizeof *node);
    char *own_name = malloc(length + 1);
    if (!node || !own_name) {
        free(node);
        free(own_name);
        tree_refund(tree, cost_of(length));
        return NULL;
    }
    memcpy(own_name, name, length);
    own_name[length] = '\0';
    *node = (struct tree_node){.tree = tree, .is_directory = is_directory, .is_named = true, .inode = tree->next_inode++,
                               .mode = mode, .name = own_name, .name_length = length, .lock_file = -1};
    tree->node_count++;
    tree_touch(node);
    node->accessed = node->modified;
    return node;
}

/* With the last descriptor all locks are gone; and the host's descriptors are not for whoever locks many files in turn. */
static void close_lock_file(struct tree_node *node)
{
    if (node->lock_file >= 0)
        close(node->lock_file);
    node->lock_file = -1;
}

static void destroy(struct tree_node *node)
{
    struct tree *tree = node->tree;
    tree_drop_pages(node, 0);
    tree_refund(tree, node->page_room * sizeof *node->pages);
    free(node->pages);
    tree_refund(tree, cost_of(node->name_length));
    tree->node_count--;
    free(node->name);
    free(node);
}

int64_t tree_add(const struct tree_entry *entry, bool is_directory, mode_t mode, struct tree_node **added)
{
    struct tree *tree = entry->parent->tree;
    require(!entry->is_dot && entry->length <= TREE_NAME, "a file gets a name that is none");
    struct tree_node *node = make(tree, entry->name, entry->length, is_directory, mode);
    if (!node)
        return -ENOSPC;
    enter_parent(node, entry->parent);
    widen(tree);
    *added = node;
    return 0;
}

void tree_unname(struct tree_node *node)
{
    leave_parent(node);
    node->is_named = false;
    node->parent = NULL;
    node->changed = node->modified;
    if (!node->references)
        destroy(node);
}

int64_t tree_move(struct tree_node *node, struct tree_node *parent, const char *name, size_t length)
{
    struct tree *tree = node->tree;
    if (!tree_charge(tree, length))
        return -ENOSPC;
    char *own_name = malloc(length + 1);
    if (!own_name) {
        tree_refund(tree, length);
        return -ENOSPC;
    }
    leave_parent(node);
    tree_refund(tree, node->name_length);
    free(node->name);
    memcpy(own_name, name, length);
    own_name[length] = '\0';
    node->name = own_name;
    node->name_length = length;
    enter_parent(node, parent);
    return 0;
}

void tree_node_retain(struct tree_node *node)
{
    tree_retain(node->tree);
    pthread_mutex_lock(&node->tree->lock);
    node->references++;
    pthread_mutex_unlock(&node->tree->lock);
}

void tree_node_release(struct tree_node *node)
{
    struct tree *tree = node->tree;
    pthread_mutex_lock(&tree->lock);
    if (--node->references == 0)
        close_lock_file(node);
    if (!node->references && !node->is_named)
        destroy(node);
    pthread_mutex_unlock(&tree->lock);
    tree_release(tree);
}

/* --- trees ------------------------------------------------------------------------------------------------------------ */

struct tree *tree_create(uint64_t limit_bytes, uint32_t node_limit, struct bank *bank)
{
    struct tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return NULL;
    atomic_init(&tree->references, 1);
    pthread_mutex_init(&tree->lock, NULL);
    tree->limit = limit_bytes;
    tree->node_limit = node_limit;
    tree->next_inode = 1;
    tree->bank = bank;
    if (bank)
        bank_retain(bank);
    const uint64_t own = sizeof *tree + FIRST_BUCKETS * sizeof *tree->buckets;
    if (getrandom(tree->key, sizeof tree->key, 0) == sizeof tree->key && tree_charge(tree, own)) {
        tree->buckets = calloc(FIRST_BUCKETS, sizeof *tree->buckets);
        tree->bucket_count = FIRST_BUCKETS;
        tree->root = tree->buckets ? make(tree, "", 0, true, S_IFDIR | 0755) : NULL;
    }
    if (tree->root)
        return tree;
    tree_release(tree);
    return NULL;
}

void tree_retain(struct tree *tree)
{
    atomic_fetch_add(&tree->references, 1);
}

/* Nodes that somebody refers to hold the tree: here nobody does. */
static void destroy_all(struct tree *tree)
{
    struct tree_node *node = tree->root;
    while (node) {
        while (node->first)
            node = node->first;
        struct tree_node *parent = node->parent;
        require(!node->references, "a file of a tree that nobody has is in use");
        if (parent)
            leave_parent(node);
        destroy(node);
        node = parent;
    }
}

void tree_release(struct tree *tree)
{
    if (atomic_fetch_sub(&tree->references, 1) != 1)
        return;
    destroy_all(tree);
    tree_refund(tree, tree->used);
    if (tree->bank)
        bank_release(tree->bank);
    free(tree->buckets);
    pthread_mutex_destroy(&tree->lock);
    free(tree);
}

struct tree_figures tree_figures(struct tree *tree)
{
    pthread_mutex_lock(&tree->lock);
    struct tree_figures figures = {tree->used, tree->limit, tree->node_count, tree->node_limit};
    pthread_mutex_unlock(&tree->lock);
    return figures;
}

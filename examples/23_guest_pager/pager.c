/*
 * A pager: a process that keeps another one's memory, so that a program can have more data than its bank pays for.
 *
 * Whenever the program touches a page of the region that is not there, or writes to one that is read-only, it stands still
 * where it is, and this process gets a message.  The pager knows nothing of the program, and sees nothing of it but the pages
 * that it takes away; the program does not know that there is a pager.
 *
 * Memory is moved in blocks.  A block that nobody has touched yet is zeros.  At most FRAMES of them are there at once: the one
 * that has been there longest makes room for the next.  Blocks come read-only, so that the first write to one is a fault, too:
 * only those that were written to have to be saved.
 */
#include <fcntl.h>
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 32 << 10, BLOCKS = 1024, FRAMES = 32 };

enum { WRITES = 2 }; /* of a fault's access */

static struct {
    unsigned char here;    /* in the program's memory */
    unsigned char written; /* since it came */
    unsigned char saved;   /* what it held once is in the file */
} blocks[BLOCKS];

static unsigned frames[FRAMES]; /* which blocks are here: a ring, in the order in which they came */
static unsigned long loads, from_file, evictions, written_back;
static char contents[BLOCK];
static int file;

static void require(int holds, const char *what)
{
    if (!holds) {
        printf("the pager cannot %s\n", what);
        exit(1);
    }
}

static void take_out(int fault, unsigned block)
{
    require(motte_fault_withdraw(fault, (unsigned long)block * BLOCK, contents, BLOCK) == 0, "take a block out");
    if (blocks[block].written) {
        require(pwrite(file, contents, BLOCK, (off_t)block * BLOCK) == BLOCK, "save a block");
        blocks[block].saved = 1;
        written_back++;
    }
    blocks[block].here = blocks[block].written = 0;
    evictions++;
}

static void bring_in(int fault, unsigned block, int writable)
{
    unsigned long length = 0; /* what is not given is zeros */
    unsigned frame = loads++ % FRAMES;
    if (loads > FRAMES)
        take_out(fault, frames[frame]);
    frames[frame] = block;
    if (blocks[block].saved) {
        require(pread(file, contents, BLOCK, (off_t)block * BLOCK) == BLOCK, "read a block");
        length = BLOCK;
        from_file++;
    }
    require(motte_fault_supply(fault, (unsigned long)block * BLOCK, BLOCK, contents, length, writable) == 0,
            "bring a block in");
    blocks[block].here = 1;
    blocks[block].written = (unsigned char)writable;
}

static void answer(int fault, const struct motte_fault *asked)
{
    unsigned block = (unsigned)(asked->address / BLOCK);
    int writes = asked->access == WRITES;
    require(asked->region_size <= (unsigned long)BLOCKS * BLOCK, "keep such a large region");
    if (!blocks[block].here) {
        bring_in(fault, block, writes);
    } else if (writes && !blocks[block].written) {
        require(motte_fault_protect(fault, (unsigned long)block * BLOCK, BLOCK, 1) == 0, "make a block writable");
        blocks[block].written = 1;
    } else {
        motte_fault_decline(fault); /* it is there, and writable: not a matter of paging */
        return;
    }
    motte_fault_resume(fault); /* the instruction runs again, and finds what it wants */
}

int main(void)
{
    struct motte_fault asked;
    int fault, faults = motte_grant("faults");
    file = open("/swap/blocks", O_RDWR | O_CREAT | O_TRUNC, 0600);
    require(faults > 0 && file >= 0, "do without its channel and its file");
    while ((fault = motte_fault_receive(faults, &asked, -1)) > 0)
        answer(fault, &asked);
    printf("blocks brought in: %lu, of which %lu from the file\n", loads, from_file);
    printf("blocks taken out:  %lu, of which %lu were saved\n", evictions, written_back);
    return fault == -MOTTE_PEER_CLOSED ? 0 : 1; /* nobody is left who could fault */
}

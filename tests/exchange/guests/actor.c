/* Does with blocks what it is told, one thing after the other: each message is a command, its answer the result.
 *
 * A command's number is the tag; its three arguments are the bytes.  With CHECKED, blocks are checked ones. */
#include <motte.h>
#include <string.h>

#ifdef CHECKED
typedef motte_block_byte byte;
#define allocate motte_block_alloc_checked
#define map motte_block_open
#define fill motte_block_fill
#else
typedef unsigned char byte;
#define allocate motte_block_alloc
#define map motte_block_map
#define fill memset
#endif

enum {
    ALLOCATE = 1, MAP, UNMAP, SIZE, SPLIT, FREEZE, FREE, READ, WRITE, FILL, COUNT_OTHERS, SEND, RECEIVE, TAKE, GIVE,
    COPY, KIND, SEND_AS_CAPABILITY, SEND_MANY, COPY_BYTES
};

static int channel_in, channel_out;

static long send(long argument, unsigned count, long timeout)
{
    struct motte_message message = {.block_count = count};
    for (unsigned i = 0; i < count && i < MOTTE_MESSAGE_BLOCKS; i++)
        message.blocks[i] = (int)(argument >> 8 * i & 255);
    return motte_send(channel_out, &message, timeout);
}

static long receive(void)
{
    struct motte_message message = {0};
    int result = motte_receive(channel_in, &message, 0, 0);
    return result < 0 ? result : message.block_count ? message.blocks[0] : message.capabilities[0];
}

static long count_others(const byte *bytes, long size, int value)
{
    long count = 0;
    for (long i = 0; i < size; i++)
        count += bytes[i] != (unsigned char)value;
    return count;
}

static long perform(unsigned command, const long arguments[3], struct motte_message *message)
{
    long argument = arguments[0];
    switch (command) {
    case ALLOCATE: return allocate((unsigned long)argument);
    case MAP: return (long)map((int)argument);
    case UNMAP: return motte_block_unmap((int)argument);
    case SIZE: return motte_block_size((int)argument);
    case SPLIT: return motte_block_split((int)argument, (unsigned long)arguments[1]);
    case FREEZE: return motte_block_freeze((int)argument);
    case FREE: return motte_block_free((int)argument);
    case READ: return *(volatile byte *)argument;
    case WRITE: *(volatile byte *)argument = (unsigned char)arguments[1]; return 0;
    case FILL: fill((byte *)argument, (int)arguments[2], (size_t)arguments[1]); return 0;
    case COUNT_OTHERS: return count_others((const byte *)argument, arguments[1], (int)arguments[2]);
    case SEND: return send(argument, 1, arguments[1]);
    case SEND_MANY: return send(argument, (unsigned)arguments[1], 0);
    case RECEIVE: return receive();
    case TAKE: return message->blocks[0];
    case COPY_BYTES: return motte_block_copy((int)argument, 0, (int)arguments[1], 0, (unsigned long)arguments[2]);
    case COPY: return motte_cap_copy((int)argument);
    case KIND: return motte_cap_kind((int)argument);
    case SEND_AS_CAPABILITY: {
        struct motte_message carrier = {.capabilities = {(int)argument}, .capability_count = 1};
        return motte_send(channel_out, &carrier, 0);
    }
    default: return 0;
    }
}

int main(void)
{
    int commands = motte_grant("commands");
    channel_in = motte_grant("in");
    channel_out = motte_grant("out");
    for (;;) {
        long arguments[3] = {0}, result;
        struct motte_message message = {.bytes = arguments, .room = sizeof arguments};
        if (motte_receive(commands, &message, 0, -1) < 0)
            return 0;
        result = perform(message.tag, arguments, &message);
        struct motte_message answer = {.bytes = &result, .size = sizeof result};
        if (message.tag == GIVE) {
            answer.blocks[0] = (int)arguments[0];
            answer.block_count = 1;
        }
        if (motte_reply(message.reply, &answer) < 0)
            return 1;
    }
}

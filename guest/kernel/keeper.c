#include <string.h>
#include "request.h"

/* Bytes of a message that carries a range and its contents. */
#define SUPPLIED_AT_ONCE 61440

static int keep(int process, unsigned number, const void *request, unsigned size, int channel)
{
    struct request call = {
        .bytes = request,
        .size = size,
        .capabilities = &channel,
        .capability_count = channel != 0,
        .timeout = -1,
    };
    return __motte_request(process, number, &call);
}

int motte_keeper_set(int process, int channel)
{
    return keep(process, MOTTE_PROCESS_KEEPER, NULL, 0, channel);
}

int motte_region_keep(int process, unsigned long address, unsigned long size, int channel)
{
    struct motte_region_request request = {address, size};
    return keep(process, MOTTE_PROCESS_REGION, &request, sizeof request, channel);
}

int motte_meter_keeper(int meter, int channel)
{
    return keep(meter, MOTTE_METER_KEEPER, NULL, 0, channel);
}

int motte_fault_receive(int receiver, struct motte_fault *fault, long timeout)
{
    struct motte_message message = {.bytes = fault, .room = sizeof *fault};
    int result = motte_receive(receiver, &message, NULL, timeout);
    if (result < 0)
        return result;
    if (message.tag == MOTTE_FAULT && message.size == sizeof *fault && message.capability_count == 1
        && !message.block_count && !message.reply)
        return message.capabilities[0];
    __motte_drop_all(&message);
    return -MOTTE_UNKNOWN_REQUEST;
}

/* --- what a keeper does --------------------------------------------------------------------------------------------------- */

static int with_bytes(int fault, unsigned number, const struct motte_range_request *range, const void *bytes,
                      unsigned long length)
{
    char message[sizeof *range + SUPPLIED_AT_ONCE];
    memcpy(message, range, sizeof *range);
    if (length)
        memcpy(message + sizeof *range, bytes, length);
    struct request call = {.bytes = message, .size = sizeof *range + length, .timeout = -1};
    return __motte_request(fault, number, &call);
}

int motte_fault_supply(int fault, unsigned long at, unsigned long size, const void *bytes, unsigned long length,
                       int writable)
{
    const char *rest = bytes;
    if (length > size)
        return -MOTTE_REQUEST_ERROR;
    while (length > SUPPLIED_AT_ONCE) {
        struct motte_range_request part = {at, SUPPLIED_AT_ONCE, writable};
        int result = with_bytes(fault, MOTTE_FAULT_SUPPLY, &part, rest, SUPPLIED_AT_ONCE);
        if (result < 0)
            return result;
        at += SUPPLIED_AT_ONCE;
        size -= SUPPLIED_AT_ONCE;
        rest += SUPPLIED_AT_ONCE;
        length -= SUPPLIED_AT_ONCE;
    }
    return with_bytes(fault, MOTTE_FAULT_SUPPLY, &(struct motte_range_request){at, size, writable}, rest, length);
}

int motte_fault_protect(int fault, unsigned long at, unsigned long size, int writable)
{
    return with_bytes(fault, MOTTE_FAULT_PROTECT, &(struct motte_range_request){at, size, writable}, NULL, 0);
}

static int take(int fault, unsigned number, unsigned long at, void *bytes, unsigned long size)
{
    struct motte_range_request range = {at, size, 0};
    struct request call = {
        .bytes = &range,
        .size = sizeof range,
        .result = bytes,
        .result_size = size,
        .timeout = -1,
    };
    return size <= MOTTE_MESSAGE_BYTES ? __motte_request(fault, number, &call) : -MOTTE_REQUEST_ERROR;
}

int motte_fault_withdraw(int fault, unsigned long at, void *bytes, unsigned long size)
{
    return take(fault, MOTTE_FAULT_WITHDRAW, at, bytes, size);
}

int motte_fault_read(int fault, unsigned long address, void *bytes, unsigned long size)
{
    return take(fault, MOTTE_FAULT_READ, address, bytes, size);
}

int motte_fault_write(int fault, unsigned long address, const void *bytes, unsigned long size)
{
    if (size > SUPPLIED_AT_ONCE)
        return -MOTTE_REQUEST_ERROR;
    return with_bytes(fault, MOTTE_FAULT_WRITE, &(struct motte_range_request){address, size, 0}, bytes, size);
}

int motte_fault_registers(int fault, unsigned long registers[MOTTE_REGISTERS])
{
    return __motte_request_record(fault, MOTTE_FAULT_REGISTERS, registers, MOTTE_REGISTERS * sizeof *registers);
}

/* --- answers -------------------------------------------------------------------------------------------------------------- */

static int conclude(int fault, unsigned action, const struct motte_register registers[], unsigned count)
{
    struct {
        struct motte_fault_answer answer;
        struct motte_register registers[MOTTE_REGISTERS];
    } request = {{action, count}};
    if (count > MOTTE_REGISTERS)
        return -MOTTE_REQUEST_ERROR;
    if (count)
        memcpy(request.registers, registers, count * sizeof *registers);
    struct request call = {.bytes = &request, .size = sizeof request.answer + count * sizeof *registers, .timeout = -1};
    int result = __motte_request(fault, MOTTE_FAULT_RESUME, &call);
    if (result == 0)
        motte_cap_drop(fault);
    return result;
}

int motte_fault_resume(int fault)
{
    return conclude(fault, MOTTE_FAULT_AGAIN, NULL, 0);
}

int motte_fault_resume_with(int fault, const struct motte_register registers[], unsigned count)
{
    return conclude(fault, MOTTE_FAULT_AGAIN, registers, count);
}

int motte_fault_skip(int fault, const struct motte_register registers[], unsigned count)
{
    return conclude(fault, MOTTE_FAULT_SKIPPED, registers, count);
}

int motte_fault_decline(int fault)
{
    return conclude(fault, MOTTE_FAULT_DECLINED, NULL, 0);
}

int motte_fault_kill(int fault)
{
    return conclude(fault, MOTTE_FAULT_ENDED, NULL, 0);
}

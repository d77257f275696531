/* A process that was granted nothing: whatever it tries fails. */
#include <errno.h>
#include <fcntl.h>
#include <motte.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int failures;

static void expect(const char *what, long result, long wanted)
{
    if (result != wanted) {
        printf("%s: %ld and not %ld\n", what, result, wanted);
        failures++;
    }
}

int main(void)
{
    struct motte_message message = {0};
    int handles[2];
    expect("grant", motte_grant("in"), -ENOENT);
    expect("grant without a name", motte_grant(""), -ENOENT);
    for (int handle = -1; handle <= 4097; handle++) {
        expect("kind", motte_cap_kind(handle), -MOTTE_INVALID_CAP);
        expect("copy", motte_cap_copy(handle), -MOTTE_INVALID_CAP);
        expect("restrict", motte_cap_restrict(handle, ~0u, 0, 0), -MOTTE_INVALID_CAP);
        expect("drop", motte_cap_drop(handle), -MOTTE_INVALID_CAP);
        expect("revoke", motte_cap_revoke(handle, 0), -MOTTE_INVALID_CAP);
        expect("send", motte_send(handle, &message, 0), -MOTTE_INVALID_CAP);
        expect("receive", motte_receive(handle, &message, 0, 0), -MOTTE_INVALID_CAP);
        expect("call", motte_call(handle, &message, &message, 0), -MOTTE_INVALID_CAP);
        expect("reply", motte_reply(handle, &message), -MOTTE_INVALID_CAP);
        expect("notify", motte_notify(handle, 1), -MOTTE_INVALID_CAP);
        expect("select", motte_select(&handle, 1, 0), -MOTTE_INVALID_CAP);
        expect("forward", motte_cap_forward(handle, 0, handles), -MOTTE_INVALID_CAP);
        expect("block", motte_block_size(handle), -MOTTE_INVALID_CAP);
        expect("process", motte_spawn(handle, NULL), -MOTTE_INVALID_CAP);
        expect("bank", motte_bank_create(handle, 4096), -MOTTE_INVALID_CAP);
        expect("meter", motte_meter_create(handle), -MOTTE_INVALID_CAP);
        expect("timer", motte_timer(handle, handle, 0, 1), -MOTTE_INVALID_CAP);
        expect("name", motte_name_lookup(handle, "name"), -MOTTE_INVALID_CAP);
        expect("launcher", motte_draft_create(handle, 1), -MOTTE_INVALID_CAP);
    }
    expect("open", open("/etc/passwd", O_RDONLY), -1);
    expect("directory", open("/", O_RDONLY), -1);
    expect("file", open("file", O_CREAT | O_WRONLY, 0600), -1);
    expect("socket", socket(AF_INET, SOCK_STREAM, 0), -1);
    expect("input", read(0, handles, sizeof handles), 0);
    printf("%d", failures);
    return 0;
}

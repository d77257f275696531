/* Gets a secret from its client through "work", and tells it to whomever it can reach; then it answers. */
#include <errno.h>
#include <fcntl.h>
#include <motte.h>
#include <stdio.h>
#include <string.h>

enum { HANDLES = 200 };

static char secret[64];

static int tell(int handle)
{
    struct motte_message message = {.bytes = secret, .size = sizeof secret, .tag = 7};
    int sent = motte_send(handle, &message, 0) == 0;
    return sent + (motte_notify(handle, 1) == 0);
}

int main(void)
{
    struct motte_message request = {.bytes = secret, .room = sizeof secret};
    int work = motte_grant("work"), told = 0;
    if (work < 0)
        return 4;
    if (motte_receive(work, &request, NULL, -1))
        return 3;
    for (int handle = 1; handle < HANDLES; handle++)
        if (motte_cap_kind(handle) == MOTTE_SENDER) /* services of the host hear, and tell nobody */
            told += tell(handle);
    told += open("/tmp/leak", O_CREAT | O_WRONLY, 0600) >= 0;
    printf("told %d\n", told);
    struct motte_message answer = {.bytes = "done", .size = 4, .tag = (unsigned)told};
    return motte_reply(request.reply, &answer) ? 5 : 0;
}

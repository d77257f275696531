/* Answers two requests, each with its length; then touches what is not there. */
#include <motte.h>
#include <stddef.h>

int main(void) {
    char text[64];
    for (int i = 0; i < 2; i++) {
        struct motte_message request = {.bytes = text, .room = sizeof text};
        if (motte_receive(motte_grant("requests"), &request, NULL, -1) < 0)
            return 1;
        int length = (int)request.size;
        struct motte_message answer = {.bytes = &length, .size = sizeof length};
        motte_reply(request.reply, &answer);
    }
    return *(volatile int *)8;
}

/* Speaks with the other side of a conversation, as its arguments say: sN sends the message with tag N, r receives one,
 * gN sends its own end away through "out", with tag N. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static char bytes[MOTTE_MESSAGE_BYTES];
    int end = motte_grant("end"), out = motte_grant("out");
    printf("%d ", motte_cap_kind(end) == MOTTE_CONVERSATION);
    for (int i = 1; i < argc; i++) {
        struct motte_message message = {.bytes = bytes, .tag = (unsigned)atoi(argv[i] + 1), .room = sizeof bytes}, answer = {0};
        int result = -1;
        if (argv[i][0] == 's')
            result = motte_send(end, &message, 0);
        else if (argv[i][0] == 'l') { /* more than the contract lets it carry */
            message.size = 1000;
            result = motte_send(end, &message, 0);
        } else if (argv[i][0] == 'r') {
            result = motte_receive(end, &message, 0, -1);
            if (result == 0)
                result = (int)message.tag;
        } else if (argv[i][0] == 'c') {
            result = motte_call(end, &message, &answer, 0);
        } else if (argv[i][0] == 'n') {
            result = motte_notify(end, 1);
        } else if (argv[i][0] == 'k') {
            result = motte_cap_copy(end);
        } else if (argv[i][0] == 'o') { /* through itself */
            message.capabilities[0] = end;
            message.capability_count = 1;
            result = motte_send(end, &message, 0);
        } else if (argv[i][0] == 'g') {
            message.capabilities[0] = end;
            message.capability_count = 1;
            result = motte_send(out, &message, 0);
        }
        printf("%d ", result);
    }
    return 0;
}

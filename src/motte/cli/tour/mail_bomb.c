/* Fills the mailbox of somebody who is busy. */
#include <motte.h>
#include <stdio.h>

int main(void) {
    int mailbox = motte_grant("mailbox");
    char spam[64] = "buy now";
    int sent = 0, refused = 0;
    for (int i = 0; i < 100000; i++) {
        struct motte_message letter = {.bytes = spam, .size = sizeof spam};
        int result = motte_send(mailbox, &letter, 0);
        sent += result == 0;
        refused += result == -MOTTE_FULL;
    }
    printf("%d letters in the mailbox, %d refused\n", sent, refused);
    return 0;
}

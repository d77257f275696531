/* A client of the dictionary, by its only grant; it follows a contract when it tells what it has found. */
#include <motte.h>
#include <string.h>

#include "report.h"

static int ask(unsigned tag, const char *text, char *answer, unsigned room)
{
    struct motte_message request = {.bytes = (char *)text, .size = (unsigned)strlen(text), .tag = tag};
    struct motte_message got = {.bytes = answer, .room = room};
    int result = motte_call(motte_grant("dictionary"), &request, &got, -1);
    return result < 0 ? result : got.tag == tag ? (int)got.size : 0;
}

int main(int argc, char **argv)
{
    char meaning[32];
    int size = 0, report = motte_grant("report");
    if (argc > 2)
        ask(1, argv[2], meaning, sizeof meaning);
    size = ask(2, argv[1], meaning, sizeof meaning);
    struct motte_message found = {.bytes = meaning, .size = (unsigned)size, .tag = size > 0 ? REPORT_FOUND : REPORT_MISSING};
    struct motte_message again = {.tag = REPORT_FOUND};
    motte_send(report, &found, 0);
    return motte_send(report, &again, 0) == -MOTTE_CONTRACT_VIOLATION ? 0 : 1; /* one report, says the contract */
}
